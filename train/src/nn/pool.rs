//! Average pooling with equal kernel and stride.
//!
//! ```text
//! y[oy, ox] = 1/(kh·kw) Σ_{i<kh, j<kw} x[oy·kh + i, ox·kw + j]
//! ```
//!
//! Rows and columns that fill no whole window are left out and get gradient 0, as in PyTorch.
//! candle's own pooling spreads the gradient over them too.

#[cfg(feature = "cuda")]
use super::cuda;
use super::storage::slice;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// Means of `k` × `k` windows of `x` (n, c, h, w).
///
/// # Errors
///
/// `x` has not four axes, is smaller than a window, or is not f32.
pub fn avg_pool2d(x: &Tensor, k: usize) -> Result<Tensor> {
    pool(x, [k, k])
}

/// Means over all pixels: (n, c, h, w) becomes (n, c).
///
/// # Errors
///
/// `x` has not four axes or is not f32.
pub fn global_avg_pool(x: &Tensor) -> Result<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    pool(x, [h, w])?.flatten_from(1)
}

fn pool(x: &Tensor, window: [usize; 2]) -> Result<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    if window[0] == 0 || window[1] == 0 || window[0] > h || window[1] > w {
        bail!("average pooling: no window {window:?} fits images of {h} x {w}");
    }
    x.contiguous()?.apply_op1(Average { window })
}

struct Average {
    window: [usize; 2],
}

impl CustomOp1 for Average {
    fn name(&self) -> &'static str {
        "avg-pool2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, c, h, w) = layout.shape().dims4()?;
        let x = slice(x, layout)?;
        let [kh, kw] = self.window;
        let (oh, ow) = (h / kh, w / kw);
        let factor = 1.0 / (kh * kw) as f32;
        let mut y = vec![0f32; n * c * oh * ow];
        y.par_chunks_mut(oh * ow).zip(x.par_chunks(h * w)).for_each(|(y, x)| {
            for (y, band) in y.chunks_mut(ow).zip(x.chunks_exact(kh * w)) {
                for row in band.chunks_exact(w) {
                    for (y, pixels) in y.iter_mut().zip(row.chunks_exact(kw)) {
                        *y += pixels.iter().sum::<f32>();
                    }
                }
                y.iter_mut().for_each(|y| *y *= factor);
            }
        });
        Ok((CpuStorage::F32(y), (n, c, oh, ow).into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::pool::average((x, layout), self.window)
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, _, h, w) = x.dims4()?;
        let op = Spread { window: self.window, size: [h, w] };
        Ok(Some(grad.contiguous()?.apply_op1_no_bwd(&op)?))
    }
}

/// The adjoint of [`Average`].
struct Spread {
    window: [usize; 2],
    size: [usize; 2],
}

impl CustomOp1 for Spread {
    fn name(&self) -> &'static str {
        "avg-pool2d-grad"
    }

    fn cpu_fwd(&self, grad: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, c, oh, ow) = layout.shape().dims4()?;
        let grad = slice(grad, layout)?;
        let ([kh, kw], [h, w]) = (self.window, self.size);
        let factor = 1.0 / (kh * kw) as f32;
        let mut x = vec![0f32; n * c * h * w];
        x.par_chunks_mut(h * w).zip(grad.par_chunks(oh * ow)).for_each(|(x, grad)| {
            for (band, grad) in x.chunks_exact_mut(kh * w).zip(grad.chunks(ow)) {
                for row in band.chunks_exact_mut(w) {
                    for (pixels, g) in row.chunks_exact_mut(kw).zip(grad) {
                        pixels.fill(g * factor);
                    }
                }
            }
        });
        Ok((CpuStorage::F32(x), (n, c, h, w).into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, grad: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::pool::spread((grad, layout), self.window, self.size)
    }
}
