//! The end of a residual block, `max(a + b, 0)`, in one pass each way.

#[cfg(feature = "cuda")]
use super::cuda;
use super::storage::slice;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// Values a thread takes at a time.
const CHUNK: usize = 1 << 14;

/// `max(a + b, 0)` of two tensors of one shape.
///
/// # Errors
///
/// Different shapes, or tensors that are not f32.
pub fn add_relu(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if a.dims() != b.dims() {
        bail!("residual sum: shapes {:?} and {:?} differ", a.dims(), b.dims());
    }
    a.contiguous()?.apply_op2(&b.contiguous()?, AddRelu)
}

struct AddRelu;

impl CustomOp2 for AddRelu {
    fn name(&self) -> &'static str {
        "add-relu"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (a, b) = (slice(a, a_layout)?, slice(b, b_layout)?);
        let y = combine(a, b, |a, b| {
            let v = a + b;
            // NaN passes through.
            if v <= 0.0 { 0.0 } else { v }
        });
        Ok((CpuStorage::F32(y), a_layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        a_layout: &Layout,
        b: &CudaStorage,
        b_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        cuda::residual::add_relu((a, a_layout), (b, b_layout))
    }

    fn bwd(&self, _a: &Tensor, _b: &Tensor, y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?.apply_op2_no_bwd(y, &Mask)?;
        Ok((Some(grad.clone()), Some(grad)))
    }
}

/// The gradient where the output is positive, else 0.
struct Mask;

impl CustomOp2 for Mask {
    fn name(&self) -> &'static str {
        "add-relu-grad"
    }

    fn cpu_fwd(
        &self,
        grad: &CpuStorage,
        grad_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (grad, y) = (slice(grad, grad_layout)?, slice(y, y_layout)?);
        let dx = combine(grad, y, |g, y| if y > 0.0 { g } else { 0.0 });
        Ok((CpuStorage::F32(dx), grad_layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        grad: &CudaStorage,
        grad_layout: &Layout,
        y: &CudaStorage,
        y_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        cuda::residual::relu_gradient((grad, grad_layout), (y, y_layout))
    }
}

fn combine(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) -> Vec<f32> {
    let mut out = vec![0f32; a.len()];
    out.par_chunks_mut(CHUNK).zip(a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK))).for_each(|(out, (a, b))| {
        for (out, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
            *out = f(a, b);
        }
    });
    out
}
