//! Batch normalisation.

use super::kernel::{BLOCK, Kernels, index, launch, over, room, view, view_mut};
use crate::nn::{EPSILON, MOMENTUM, Mode};
use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::{LaunchConfig, PushKernelArg};
use candle_core::{CudaStorage, Layout, Result, Shape, Storage, Tensor, bail};

static KERNELS: Kernels = Kernels::new("oodbench-batch-norm", include_str!("batch_norm.cu"));

/// Blocks wanted for a sum over images and pixels; a constant, since the order of a sum depends on it.
const BLOCKS_OF_A_SUM: u32 = 512;

/// Sizes of x (n, c, pixels), and how threads share them out.
struct Sizes {
    n: u32,
    c: u32,
    pixels: u32,
    planes: u32,
    /// Threads that share a plane: a power of two up to [`BLOCK`].
    lanes: u32,
    /// Blocks that share a channel.
    splits: u32,
}

impl Sizes {
    fn new(layout: &Layout) -> Result<Self> {
        index(layout.shape().elem_count())?;
        let [n, c, pixels] = match layout.dims() {
            [n, c, rest @ ..] => [index(*n)?, index(*c)?, index(rest.iter().product())?],
            dims => bail!("batch norm: needs images and channels, found {dims:?}"),
        };
        let narrowest = pixels.next_power_of_two().min(32);
        let lanes = (pixels / 4).next_power_of_two().clamp(narrowest, BLOCK);
        let splits = n.div_ceil(BLOCK / lanes).min(BLOCKS_OF_A_SUM.div_ceil(c.max(1))).max(1);
        Ok(Self { n, c, pixels, planes: n * c, lanes, splits })
    }

    /// A launch for one of the sums.
    fn sum(&self) -> LaunchConfig {
        LaunchConfig { grid_dim: (self.c, self.splits, 1), block_dim: (BLOCK, 1, 1), shared_mem_bytes: 0 }
    }

    /// Values of the partial sums.
    fn parts(&self) -> usize {
        2 * self.splits as usize * self.c as usize
    }

    /// A launch with `lanes` threads per plane.
    fn planes(&self) -> LaunchConfig {
        over(self.planes.saturating_mul(self.lanes))
    }
}

/// From x to (2, c): mean and biased variance.
pub(in crate::nn) fn moments((x, layout): (&CudaStorage, &Layout)) -> Result<(CudaStorage, Shape)> {
    let s = Sizes::new(layout)?;
    let device = x.device();
    let (sum, total) = (KERNELS.load(device, "moment_parts")?, KERNELS.load(device, "moments_of_parts")?);
    let x = view(x, layout)?;
    // SAFETY: the kernels take (x, parts, n, c, pixels, lanes) and (x, parts, moments, splits, n, c, pixels); the
    // first writes all of `parts`, the second all of `out`.
    let out = unsafe {
        let mut parts = room(device, s.parts())?;
        let mut out = room(device, 2 * s.c as usize)?;
        launch!(sum, s.sum(), &x, &mut parts, &s.n, &s.c, &s.pixels, &s.lanes)?;
        launch!(total, over(s.c), &x, &parts, &mut out, &s.splits, &s.n, &s.c, &s.pixels)?;
        out
    };
    Ok((CudaStorage::wrap_cuda_slice(out, device.clone()), (2, s.c as usize).into()))
}

/// Moves the running moments (2, c) towards the batch's over `count` values per channel.
pub(in crate::nn) fn update_running(
    running: (&mut CudaStorage, &Layout),
    (moments, layout): (&CudaStorage, &Layout),
    count: usize,
) -> Result<()> {
    let c = index(layout.shape().dims2()?.1)?;
    let kernel = KERNELS.load(moments.device(), "update_running")?;
    let unbiased = count as f32 / (count - 1) as f32;
    let (mut running, moments) = (view_mut(running.0, running.1)?, view(moments, layout)?);
    // SAFETY: the kernel takes (running, moments, c, momentum, unbiased), both tensors of 2·c values.
    unsafe { launch!(kernel, over(2 * c), &mut running, &moments, &c, &MOMENTUM, &unbiased) }
}

/// `y = γ · (x − mean) / √(var + ε) + β`, and its positive part with `relu`.
pub(in crate::nn) fn normalise(
    (x, layout): (&CudaStorage, &Layout),
    weight: (&CudaStorage, &Layout),
    bias: (&CudaStorage, &Layout),
    moments: &Tensor,
    relu: bool,
) -> Result<(CudaStorage, Shape)> {
    let s = Sizes::new(layout)?;
    let device = x.device();
    let kernel = KERNELS.load(device, "normalise")?;
    let (x, weight, bias) = (view(x, layout)?, view(weight.0, weight.1)?, view(bias.0, bias.1)?);
    let relu = i32::from(relu);
    let y = with_storage(moments, |moments| {
        let config = s.planes();
        // SAFETY: the kernel takes (x, moments, weight, bias, y, planes, c, pixels, lanes, epsilon, relu) and
        // writes all of `y`; the sizes of the four per-channel tensors are checked by `batch_norm`.
        unsafe {
            let mut y = room(device, layout.shape().elem_count())?;
            launch!(
                kernel, config, &x, moments, &weight, &bias, &mut y, &s.planes, &s.c, &s.pixels, &s.lanes, &EPSILON,
                &relu,
            )?;
            Ok(y)
        }
    })?;
    Ok((CudaStorage::wrap_cuda_slice(y, device.clone()), layout.shape().clone()))
}

/// The layer whose gradients are asked for.
pub(in crate::nn) struct Layer<'a> {
    pub(in crate::nn) weight: &'a Tensor,
    pub(in crate::nn) bias: &'a Tensor,
    pub(in crate::nn) mode: Mode,
    pub(in crate::nn) relu: bool,
}

/// The gradients of x, γ and β, one after another.
pub(in crate::nn) fn gradients(
    (x, layout): (&CudaStorage, &Layout),
    grad: (&CudaStorage, &Layout),
    moments: (&CudaStorage, &Layout),
    layer: &Layer<'_>,
) -> Result<(CudaStorage, Shape)> {
    let s = Sizes::new(layout)?;
    let device = x.device();
    let load = |kernel| KERNELS.load(device, kernel);
    let (sum, total, descend) = (load("gradient_parts")?, load("gradients_of_parts")?, load("gradient_x")?);
    let (x, grad, moments) = (view(x, layout)?, view(grad.0, grad.1)?, view(moments.0, moments.1)?);
    let (relu, train) = (i32::from(layer.relu), i32::from(layer.mode == Mode::Train));
    let values = layout.shape().elem_count();
    let inverse_count = (1.0 / (f64::from(s.n) * f64::from(s.pixels))) as f32;
    let len = values + 2 * s.c as usize;
    let packed = with_storage(layer.weight, |weight| {
        with_storage(layer.bias, |bias| {
            let config = s.planes();
            // SAFETY: the kernels take what their parameter lists in batch_norm.cu name, in that order. The first
            // writes all of `parts`, the second the last 2·c values of `packed`, the third the others.
            unsafe {
                let mut parts = room(device, s.parts())?;
                let mut packed = room(device, len)?;
                let (mut dx, mut affine) = packed.split_at_mut(values);
                launch!(
                    sum,
                    s.sum(),
                    &x,
                    &grad,
                    &moments,
                    weight,
                    bias,
                    &mut parts,
                    &s.n,
                    &s.c,
                    &s.pixels,
                    &s.lanes,
                    &EPSILON,
                    &relu,
                )?;
                launch!(total, over(s.c), &parts, &moments, &mut affine, &s.splits, &s.c, &EPSILON)?;
                let affine = affine.as_view();
                launch!(
                    descend,
                    config,
                    &x,
                    &grad,
                    &moments,
                    weight,
                    bias,
                    &affine,
                    &mut dx,
                    &s.planes,
                    &s.c,
                    &s.pixels,
                    &s.lanes,
                    &EPSILON,
                    &inverse_count,
                    &relu,
                    &train,
                )?;
                Ok(packed)
            }
        })
    })?;
    Ok((CudaStorage::wrap_cuda_slice(packed, device.clone()), len.into()))
}

/// Runs `f` on the values of a contiguous f32 tensor of the device.
fn with_storage<T>(
    tensor: &Tensor,
    f: impl FnOnce(&candle_core::cuda_backend::cudarc::driver::CudaView<'_, f32>) -> Result<T>,
) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cuda(storage) => f(&view(storage, layout)?),
        _ => bail!("batch norm: parameters and images lie on different devices"),
    }
}
