//! Average pooling and its gradient.

use super::kernel::{Kernels, index, launch, over, room, view};
use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::PushKernelArg;
use candle_core::{CudaStorage, Layout, Result, Shape};

pub(super) static WINDOW: Kernels = Kernels::new("oodbench-window", include_str!("window.cu"));

/// Means of whole `window`s of x (n, c, h, w).
pub(in crate::nn) fn average(x: (&CudaStorage, &Layout), window: [usize; 2]) -> Result<(CudaStorage, Shape)> {
    let (n, c, h, w) = x.1.shape().dims4()?;
    let (oh, ow) = (h / window[0], w / window[1]);
    run("average", x, [h, w], [oh, ow], window, (n, c, oh, ow).into())
}

/// The adjoint: from the gradient (n, c, oh, ow) of the means to that of x, of `size` (h, w).
pub(in crate::nn) fn spread(
    grad: (&CudaStorage, &Layout),
    window: [usize; 2],
    size: [usize; 2],
) -> Result<(CudaStorage, Shape)> {
    let (n, c, oh, ow) = grad.1.shape().dims4()?;
    run("spread", grad, size, [oh, ow], window, (n, c, size[0], size[1]).into())
}

fn run(
    kernel: &str,
    from: (&CudaStorage, &Layout),
    size: [usize; 2],
    outputs: [usize; 2],
    window: [usize; 2],
    shape: Shape,
) -> Result<(CudaStorage, Shape)> {
    let device = from.0.device();
    let kernel = WINDOW.load(device, kernel)?;
    index(from.1.shape().elem_count())?;
    let count = index(shape.elem_count())?;
    let from = view(from.0, from.1)?;
    let ([h, w], [oh, ow], [kh, kw]) = (size.map(small), outputs.map(small), window.map(small));
    // SAFETY: both kernels take (from, to, count, h, w, oh, ow, kh, kw) and write all `count` values of `to`;
    // oh·kh ≤ h and ow·kw ≤ w.
    let to = unsafe {
        let mut to = room(device, shape.elem_count())?;
        launch!(kernel, over(count), &from, &mut to, &count, &h, &w, &oh, &ow, &kh, &kw)?;
        to
    };
    Ok((CudaStorage::wrap_cuda_slice(to, device.clone()), shape))
}

/// A factor of a size that [`index`] accepted.
pub(super) fn small(size: usize) -> u32 {
    size as u32
}
