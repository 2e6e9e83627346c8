//! The optimiser's step, in place.

use super::kernel::{index, launch, over, view, view_mut};
use super::residual::POINTWISE;
use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::PushKernelArg;
use candle_core::{CudaStorage, Layout, Result, bail};

/// v ← momentum·v + (g + decay·p)
pub(crate) fn velocity(
    v: (&mut CudaStorage, &Layout),
    g: (&CudaStorage, &Layout),
    p: (&CudaStorage, &Layout),
    [momentum, decay]: [f32; 2],
) -> Result<()> {
    let count = common_count([v.1, g.1, p.1])?;
    let kernel = POINTWISE.load(g.0.device(), "sgd_velocity")?;
    let (mut v, g, p) = (view_mut(v.0, v.1)?, view(g.0, g.1)?, view(p.0, p.1)?);
    // SAFETY: the kernel takes (v, g, p, count, momentum, decay), each tensor of `count` values.
    unsafe { launch!(kernel, over(count), &mut v, &g, &p, &count, &momentum, &decay) }
}

/// p ← p − rate·((g + decay·p) + momentum·v)
pub(crate) fn descent(
    p: (&mut CudaStorage, &Layout),
    g: (&CudaStorage, &Layout),
    v: (&CudaStorage, &Layout),
    [rate, momentum, decay]: [f32; 3],
) -> Result<()> {
    let count = common_count([p.1, g.1, v.1])?;
    let kernel = POINTWISE.load(g.0.device(), "sgd_descent")?;
    let (mut p, g, v) = (view_mut(p.0, p.1)?, view(g.0, g.1)?, view(v.0, v.1)?);
    // SAFETY: the kernel takes (p, g, v, count, rate, momentum, decay), each tensor of `count` values.
    unsafe { launch!(kernel, over(count), &mut p, &g, &v, &count, &rate, &momentum, &decay) }
}

fn common_count(layouts: [&Layout; 3]) -> Result<u32> {
    let [a, b, c] = layouts.map(|layout| layout.shape().elem_count());
    if a != b || a != c {
        bail!("sgd: found {a}, {b} and {c} values, expected as many gradients as parameters");
    }
    index(a)
}
