//! Functions with a gradient of our own: the value is computed by ordinary tensor operations outside
//! candle's graph, and so is the gradient.
//!
//! This is how a formula whose automatic derivative is NaN at a point (a distance at 0) gets the
//! limit or a subgradient there, on every device and without a kernel. The value is copied once.

use candle_core::backend::{BackendDevice, BackendStorage};
use candle_core::{CpuStorage, CudaStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Storage, Tensor, bail};

/// `value`, seen by candle as a function of `x` with the gradient `backward(gradient of value)`.
///
/// # Errors
///
/// `value` is not a contiguous f32 tensor on the device of `x`.
pub fn with_gradient<F>(x: &Tensor, value: &Tensor, backward: F) -> Result<Tensor>
where
    F: Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
{
    let value = value.detach().contiguous()?;
    x.apply_op1(Unary { value, backward })
}

/// As [`with_gradient`] for a function of two tensors.
///
/// # Errors
///
/// `value` is not a contiguous f32 tensor on the device of `x`.
pub fn with_gradients<F>(x: &Tensor, y: &Tensor, value: &Tensor, backward: F) -> Result<Tensor>
where
    F: Fn(&Tensor) -> Result<(Tensor, Tensor)> + Send + Sync + 'static,
{
    let value = value.detach().contiguous()?;
    x.apply_op2(y, Binary { value, backward })
}

struct Unary<F> {
    value: Tensor,
    backward: F,
}

struct Binary<F> {
    value: Tensor,
    backward: F,
}

fn cpu_copy(value: &Tensor) -> Result<(CpuStorage, Shape)> {
    let (storage, layout) = value.storage_and_layout();
    match &*storage {
        Storage::Cpu(cpu) => {
            let copy = super::slice(cpu, layout)?.to_vec();
            Ok((CpuStorage::F32(copy), layout.shape().clone()))
        }
        _ => bail!("the value and its argument lie on different devices"),
    }
}

fn cuda_copy(value: &Tensor) -> Result<(CudaStorage, Shape)> {
    let (storage, layout) = value.storage_and_layout();
    match &*storage {
        Storage::Cuda(cuda) => {
            // candle's own clone takes the whole allocation, whatever the view.
            let shape = layout.shape().clone();
            // SAFETY: the copy writes all of it.
            let mut copy = unsafe { cuda.device().alloc_uninit(&shape, DType::F32)? };
            cuda.copy_strided_src(&mut copy, 0, layout)?;
            Ok((copy, shape))
        }
        _ => bail!("the value and its argument lie on different devices"),
    }
}

impl<F: Fn(&Tensor) -> Result<Tensor>> CustomOp1 for Unary<F> {
    fn name(&self) -> &'static str {
        "with-gradient"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        cpu_copy(&self.value)
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda_copy(&self.value)
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        (self.backward)(grad).map(Some)
    }
}

impl<F: Fn(&Tensor) -> Result<(Tensor, Tensor)>> CustomOp2 for Binary<F> {
    fn name(&self) -> &'static str {
        "with-gradients"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        cpu_copy(&self.value)
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda_copy(&self.value)
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (x, y) = (self.backward)(grad)?;
        Ok((Some(x), Some(y)))
    }
}
