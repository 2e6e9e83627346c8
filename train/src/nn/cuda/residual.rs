//! The residual sum and its gradient.

use super::kernel::{Kernels, index, launch, over, room, view};
use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::PushKernelArg;
use candle_core::{CudaStorage, Layout, Result, Shape};

pub(super) static POINTWISE: Kernels = Kernels::new("oodbench-pointwise", include_str!("pointwise.cu"));

/// `max(a + b, 0)`.
pub(in crate::nn) fn add_relu(a: (&CudaStorage, &Layout), b: (&CudaStorage, &Layout)) -> Result<(CudaStorage, Shape)> {
    combine("add_relu", a, b)
}

/// `grad` where `y` is positive, else 0.
pub(in crate::nn) fn relu_gradient(
    grad: (&CudaStorage, &Layout),
    y: (&CudaStorage, &Layout),
) -> Result<(CudaStorage, Shape)> {
    combine("relu_gradient", grad, y)
}

fn combine(kernel: &str, a: (&CudaStorage, &Layout), b: (&CudaStorage, &Layout)) -> Result<(CudaStorage, Shape)> {
    let shape = a.1.shape().clone();
    let device = a.0.device();
    let kernel = POINTWISE.load(device, kernel)?;
    let (a, b) = (view(a.0, a.1)?, view(b.0, b.1)?);
    let count = index(shape.elem_count())?;
    // SAFETY: the kernel takes (a, b, out, count), and writes all `count` values of `out`; `a` and `b` have
    // one shape, which `add_relu` checks.
    let out = unsafe {
        let mut out = room(device, shape.elem_count())?;
        launch!(kernel, over(count), &a, &b, &mut out, &count)?;
        out
    };
    Ok((CudaStorage::wrap_cuda_slice(out, device.clone()), shape))
}
