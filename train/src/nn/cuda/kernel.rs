//! Loading and launching kernels.

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::{
    CudaFunction, CudaSlice, CudaStream, CudaView, CudaViewMut, LaunchArgs, LaunchConfig,
};
use candle_core::cuda_backend::cudarc::nvrtc::compile_ptx;
use candle_core::{CudaDevice, CudaStorage, Layout, Result, bail};
use std::sync::{Arc, OnceLock};

/// Threads of a block; the kernels of batch normalisation rely on it.
pub(super) const BLOCK: u32 = 256;
/// More blocks than any GPU holds at once; kernels loop over the rest.
const MOST_BLOCKS: u32 = 1 << 13;

/// One file of kernels, compiled on first use.
pub(super) struct Kernels {
    module: &'static str,
    source: &'static str,
    ptx: OnceLock<String>,
}

impl Kernels {
    /// `module` is the name it is kept under on a device.
    pub(super) const fn new(module: &'static str, source: &'static str) -> Self {
        Self { module, source, ptx: OnceLock::new() }
    }

    /// A kernel, ready to launch on `device`.
    ///
    /// # Errors
    ///
    /// NVRTC or the driver refuses the code, or the kernel is not in it.
    pub(super) fn load(&self, device: &CudaDevice, kernel: &str) -> Result<Kernel> {
        let ptx = match self.ptx.get() {
            Some(ptx) => ptx,
            None => {
                let compiled = compile_ptx(self.source).w()?.to_src();
                self.ptx.get_or_init(|| compiled)
            }
        };
        let function = device.get_or_load_custom_func(kernel, self.module, ptx)?;
        Ok(Kernel { function: function.into_cuda_function(), stream: device.cuda_stream() })
    }
}

/// A kernel and the stream it runs on.
pub(super) struct Kernel {
    function: CudaFunction,
    stream: Arc<CudaStream>,
}

impl Kernel {
    /// A launch without arguments yet; see [`launch`].
    pub(super) fn arguments(&self) -> LaunchArgs<'_> {
        self.stream.launch_builder(&self.function)
    }
}

/// Launches `kernel` with references to its arguments. The caller's `unsafe` promises that they are
/// the kernel's parameters in number, order and type, and that every index it forms lies inside them.
macro_rules! launch {
    ($kernel:expr, $config:expr, $($argument:expr),+ $(,)?) => {{
        let kernel = $kernel;
        let mut arguments = kernel.arguments();
        $(arguments.arg($argument);)+
        arguments.launch($config).w().map(|_| ())
    }};
}
pub(super) use launch;

/// A launch of about one thread per item.
pub(super) fn over(items: u32) -> LaunchConfig {
    let blocks = items.div_ceil(BLOCK).clamp(1, MOST_BLOCKS);
    LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (BLOCK, 1, 1), shared_mem_bytes: 0 }
}

/// A size as the kernels index it: 32 bits, with room for a loop's last step past the end.
///
/// # Errors
///
/// 2³¹ or more.
pub(super) fn index(size: usize) -> Result<u32> {
    match u32::try_from(size) {
        Ok(size) if size < 1 << 31 => Ok(size),
        _ => bail!("found {size} values in one tensor, expected fewer than 2^31 on a GPU; take a smaller batch"),
    }
}

/// The elements of a contiguous f32 tensor.
///
/// # Errors
///
/// Another dtype than f32, or strides that are not row-major.
pub(super) fn view<'a>(storage: &'a CudaStorage, layout: &Layout) -> Result<CudaView<'a, f32>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(storage.as_cuda_slice::<f32>()?.slice(start..end)),
        None => bail!("this operation needs a contiguous tensor, call contiguous() first"),
    }
}

/// As [`view`], for operations that write in place.
///
/// # Errors
///
/// Another dtype than f32, or strides that are not row-major.
pub(super) fn view_mut<'a>(storage: &'a mut CudaStorage, layout: &Layout) -> Result<CudaViewMut<'a, f32>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(storage.as_cuda_slice_mut::<f32>()?.slice_mut(start..end)),
        None => bail!("this operation needs a contiguous tensor, call contiguous() first"),
    }
}

/// Room for `count` values.
///
/// # Safety
///
/// The values are not initialised: the next operation on the stream must write all of them.
///
/// # Errors
///
/// The device has too little memory.
pub(super) unsafe fn room(device: &CudaDevice, count: usize) -> Result<CudaSlice<f32>> {
    // SAFETY: as promised by the caller.
    unsafe { device.alloc::<f32>(count) }
}
