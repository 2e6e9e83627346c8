//! Batch normalisation, optionally with the ReLU that follows it, as one candle operation.
//!
//! ```text
//! y = γ · (x − mean) / √(var + ε) + β        per channel over images and pixels
//! ```
//!
//! In training, mean and variance are the batch's, and the running ones move by
//! `running ← 0.9 · running + 0.1 · batch` with the unbiased variance, as in PyTorch; in evaluation
//! they are the running ones. The variance is summed about each plane's own mean and combined, so
//! that a large mean costs no digits.

use super::Mode;
use super::batch_norm_kernel::{Affine, gradient_sums, gradient_x, normalise, plane_moments};
#[cfg(feature = "cuda")]
use super::cuda;
use super::storage::{slice, slice_mut};
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp3, InplaceOp2, Layout, Result, Shape, Tensor, bail};
use pulp::Arch;
use rayon::prelude::*;

/// ε of PyTorch's default.
pub const EPSILON: f32 = 1e-5;
/// Weight of the newest batch in the running moments, PyTorch's default.
pub const MOMENTUM: f32 = 0.1;

/// Whether the operation ends in `max(y, 0)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing follows.
    Identity,
    /// The positive part.
    Relu,
}

/// Normalises `x` (n, c, ...) with `weight` γ (c) and `bias` β (c). `running` (2, c) holds the
/// running mean and variance; training updates it in place.
///
/// # Errors
///
/// Shapes that do not fit together, tensors that are not f32, or training on one value per channel,
/// whose variance is undefined.
pub fn batch_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    running: &Tensor,
    mode: Mode,
    activation: Activation,
) -> Result<Tensor> {
    let c = x.dim(1)?;
    if weight.dims() != [c] || bias.dims() != [c] || running.dims() != [2, c] {
        bail!("batch norm: {:?} has {c} channels, γ has {:?}", x.dims(), weight.dims());
    }
    let x = x.contiguous()?;
    // Only dropout tells them apart.
    let mode = if mode == Mode::Sample { Mode::Eval } else { mode };
    let moments = match mode {
        Mode::Eval | Mode::Sample => running.detach(),
        Mode::Train => {
            let count = x.elem_count() / c.max(1);
            if count < 2 {
                bail!("batch norm: training needs more than one value per channel");
            }
            let moments = x.apply_op1_no_bwd(&Moments)?;
            running.inplace_op2(&moments, &UpdateRunning { count })?;
            moments
        }
    };
    let relu = activation == Activation::Relu;
    x.apply_op3(weight, bias, Normalise { moments, mode, relu })
}

/// Images, channels, and pixels of a plane.
fn sizes(layout: &Layout) -> Result<[usize; 3]> {
    match layout.dims() {
        [n, c, rest @ ..] => Ok([*n, *c, rest.iter().product()]),
        dims => bail!("batch norm: needs images and channels, found {dims:?}"),
    }
}

/// The plane of one channel in each image.
fn planes(x: &[f32], [_, c, p]: [usize; 3], channel: usize) -> impl Iterator<Item = &[f32]> {
    x.chunks_exact(c * p).map(move |image| &image[channel * p..(channel + 1) * p])
}

/// From x to (2, c): mean and biased variance.
struct Moments;

impl CustomOp1 for Moments {
    fn name(&self) -> &'static str {
        "batch-norm-moments"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let size @ [n, c, p] = sizes(layout)?;
        let x = slice(x, layout)?;
        let arch = Arch::new();
        let count = (n * p) as f64;
        let moments: Vec<(f32, f32)> = (0..c)
            .into_par_iter()
            .map(|channel| {
                let parts: Vec<(f64, f64)> = planes(x, size, channel).map(|plane| plane_moments(arch, plane)).collect();
                let mean = parts.iter().map(|(sum, _)| sum).sum::<f64>() / count;
                let squares: f64 = parts
                    .iter()
                    .map(|(sum, squares)| {
                        let shift = sum / p as f64 - mean;
                        squares + p as f64 * shift * shift
                    })
                    .sum();
                (mean as f32, (squares / count) as f32)
            })
            .collect();
        let (mut values, variances): (Vec<f32>, Vec<f32>) = moments.into_iter().unzip();
        values.extend(variances);
        Ok((CpuStorage::F32(values), (2, c).into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::batch_norm::moments((x, layout))
    }
}

/// Moves the running moments towards the batch's, whose variance is made unbiased.
struct UpdateRunning {
    count: usize,
}

impl InplaceOp2 for UpdateRunning {
    fn name(&self) -> &'static str {
        "batch-norm-running"
    }

    fn cpu_fwd(
        &self,
        running: &mut CpuStorage,
        running_layout: &Layout,
        moments: &CpuStorage,
        moments_layout: &Layout,
    ) -> Result<()> {
        let unbiased = self.count as f32 / (self.count - 1) as f32;
        let c = moments_layout.dims()[1];
        let running = slice_mut(running, running_layout)?;
        let moments = slice(moments, moments_layout)?;
        for (i, (r, m)) in running.iter_mut().zip(moments).enumerate() {
            let factor = if i < c { 1.0 } else { unbiased };
            *r = (1.0 - MOMENTUM) * *r + MOMENTUM * factor * m;
        }
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        running: &mut CudaStorage,
        running_layout: &Layout,
        moments: &CudaStorage,
        moments_layout: &Layout,
    ) -> Result<()> {
        cuda::batch_norm::update_running((running, running_layout), (moments, moments_layout), self.count)
    }
}

/// The operation itself, on x, γ and β.
struct Normalise {
    /// (2, c): mean and biased variance.
    moments: Tensor,
    mode: Mode,
    relu: bool,
}

fn affines(moments: &[f32], weight: &[f32], bias: &[f32]) -> Vec<Affine> {
    let (means, variances) = moments.split_at(weight.len());
    (means.iter().zip(variances))
        .zip(weight.iter().zip(bias))
        .map(|((&mean, &variance), (&weight, &shift))| Affine {
            mean,
            scale: weight * inverse_deviation(variance),
            shift,
        })
        .collect()
}

fn inverse_deviation(variance: f32) -> f32 {
    1.0 / (variance + EPSILON).sqrt()
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.detach().flatten_all()?.to_vec1()
}

impl CustomOp3 for Normalise {
    fn name(&self) -> &'static str {
        "batch-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let [_, c, p] = sizes(layout)?;
        let x = slice(x, layout)?;
        let affines = affines(&values(&self.moments)?, slice(weight, weight_layout)?, slice(bias, bias_layout)?);
        let arch = Arch::new();
        let run = match self.relu {
            true => normalise::<true>,
            false => normalise::<false>,
        };
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(c * p).zip(x.par_chunks(c * p)).for_each(|(y, x)| {
            for ((y, x), affine) in y.chunks_mut(p).zip(x.chunks(p)).zip(&affines) {
                run(arch, *affine, x, y);
            }
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        layout: &Layout,
        weight: &CudaStorage,
        weight_layout: &Layout,
        bias: &CudaStorage,
        bias_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        cuda::batch_norm::normalise((x, layout), (weight, weight_layout), (bias, bias_layout), &self.moments, self.relu)
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let op = Gradients { weight: weight.detach(), bias: bias.detach(), mode: self.mode, relu: self.relu };
        let packed = x.apply_op3_no_bwd(&grad.contiguous()?, &self.moments, &op)?;
        let (n, c) = (x.elem_count(), x.dim(1)?);
        Ok((
            Some(packed.narrow(0, 0, n)?.reshape(x.shape())?),
            Some(packed.narrow(0, n, c)?),
            Some(packed.narrow(0, n + c, c)?),
        ))
    }
}

/// From x, the gradient of y and the moments to the gradients of x, γ and β, one after another in
/// one tensor, since a candle operation has one result.
struct Gradients {
    weight: Tensor,
    bias: Tensor,
    mode: Mode,
    relu: bool,
}

impl CustomOp3 for Gradients {
    fn name(&self) -> &'static str {
        "batch-norm-gradients"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
        moments: &CpuStorage,
        moments_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let size @ [n, c, p] = sizes(layout)?;
        let (x, grad) = (slice(x, layout)?, slice(grad, grad_layout)?);
        let moments = slice(moments, moments_layout)?;
        let affines = affines(moments, &values(&self.weight)?, &values(&self.bias)?);
        let arch = Arch::new();
        let (sums, dx) = match self.relu {
            true => (gradient_sums::<true> as Sums, gradient_x::<true> as Dx),
            false => (gradient_sums::<false> as Sums, gradient_x::<false> as Dx),
        };
        let totals: Vec<(f64, f64)> = (0..c)
            .into_par_iter()
            .map(|channel| {
                planes(x, size, channel)
                    .zip(planes(grad, size, channel))
                    .map(|(x, g)| sums(arch, affines[channel], x, g))
                    .fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1))
            })
            .collect();
        let count = (n * p) as f64;
        let corrections: Vec<[f32; 2]> = totals
            .iter()
            .zip(&moments[c..])
            .map(|(&(plain, weighted), &variance)| match self.mode {
                Mode::Train => {
                    let inverse = f64::from(inverse_deviation(variance));
                    [(plain / count) as f32, (weighted * inverse * inverse / count) as f32]
                }
                Mode::Eval | Mode::Sample => [0.0, 0.0],
            })
            .collect();
        let mut packed = Vec::with_capacity(x.len() + 2 * c);
        packed.resize(x.len(), 0f32);
        packed.par_chunks_mut(c * p).zip(x.par_chunks(c * p)).zip(grad.par_chunks(c * p)).for_each(|((out, x), g)| {
            let planes = out.chunks_mut(p).zip(x.chunks(p)).zip(g.chunks(p));
            for (((out, x), g), (affine, correction)) in planes.zip(affines.iter().zip(&corrections)) {
                dx(arch, *affine, *correction, x, g, out);
            }
        });
        packed.extend(
            totals
                .iter()
                .zip(&moments[c..])
                .map(|((_, weighted), &variance)| (weighted * f64::from(inverse_deviation(variance))) as f32),
        );
        packed.extend(totals.iter().map(|(plain, _)| *plain as f32));
        let len = packed.len();
        Ok((CpuStorage::F32(packed), len.into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        layout: &Layout,
        grad: &CudaStorage,
        grad_layout: &Layout,
        moments: &CudaStorage,
        moments_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let Self { weight, bias, mode, relu } = self;
        let layer = cuda::batch_norm::Layer { weight, bias, mode: *mode, relu: *relu };
        cuda::batch_norm::gradients((x, layout), (grad, grad_layout), (moments, moments_layout), &layer)
    }
}

type Sums = fn(Arch, Affine, &[f32], &[f32]) -> (f64, f64);
type Dx = fn(Arch, Affine, [f32; 2], &[f32], &[f32], &mut [f32]);
