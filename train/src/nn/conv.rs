//! Two-dimensional convolution as a candle operation with fast gradients: an unfolded image times
//! the weights, one image at a time and images in parallel.
//!
//! ```text
//! y[n, o, oy, ox] = Σ_{c, ky, kx} w[o, c, ky, kx] · x[n, c, oy·stride + ky − padding, ox·stride + kx − padding]
//! ```
//!
//! candle's own convolution has the same values, but its gradients run on slow general kernels.

#[cfg(feature = "cuda")]
use super::cuda;
use super::matmul::{Matrix, Write, matmul};
use super::storage::slice;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// A square kernel's size, stride and zero padding, the same along both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Step between two neighbouring outputs.
    pub stride: usize,
    /// Zeros added on each side of the image.
    pub padding: usize,
}

impl Window {
    /// A 3 × 3 kernel that keeps the size at stride 1.
    pub const fn three(stride: usize) -> Self {
        Self { kernel: 3, stride, padding: 1 }
    }

    /// A 1 × 1 kernel.
    pub const fn one(stride: usize) -> Self {
        Self { kernel: 1, stride, padding: 0 }
    }

    /// Outputs along an axis of `size` pixels.
    pub const fn output(&self, size: usize) -> usize {
        (size + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// The unfolded image is the image itself.
    const fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1 && self.padding == 0
    }
}

/// Convolves images `x` (n, c, h, w) with `weight` (o, c, k, k); differentiable in both.
///
/// # Errors
///
/// Shapes that do not fit together, or tensors that are not f32.
pub fn conv2d(x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    let (_, c, h, w) = x.dims4()?;
    let (_, cw, kh, kw) = weight.dims4()?;
    if cw != c || kh != window.kernel || kw != window.kernel {
        bail!("conv2d: weights {:?} do not fit images {:?}", weight.dims(), x.dims());
    }
    if h.min(w) + 2 * window.padding < window.kernel {
        bail!("conv2d: images of {h} x {w} are smaller than the kernel {}", window.kernel);
    }
    x.contiguous()?.apply_op2(&weight.contiguous()?, Forward(window))
}

/// Sizes of one convolution, as both directions need them.
struct Sizes {
    image: [usize; 3],
    pixels: usize,
    outputs: usize,
    /// Rows of the unfolded image: c·k².
    rows: usize,
}

impl Sizes {
    fn new(window: Window, [c, h, w]: [usize; 3]) -> Self {
        Self {
            image: [c, h, w],
            pixels: c * h * w,
            outputs: window.output(h) * window.output(w),
            rows: c * window.kernel * window.kernel,
        }
    }
}

struct Forward(Window);

impl CustomOp2 for Forward {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (n, c, h, w) = x_layout.shape().dims4()?;
        let o = weight_layout.shape().dims4()?.0;
        let (x, weight) = (slice(x, x_layout)?, slice(weight, weight_layout)?);
        let window = self.0;
        let s = Sizes::new(window, [c, h, w]);
        let mut y = vec![0f32; n * o * s.outputs];
        y.par_chunks_mut(o * s.outputs).zip(x.par_chunks(s.pixels)).for_each_init(Vec::new, |column, (y, x)| {
            let unfolded = unfolded(window, &s, x, column);
            matmul(y, Write::Replace, Matrix::row_major(weight, s.rows), Matrix::row_major(unfolded, s.outputs));
        });
        let shape = (n, o, window.output(h), window.output(w));
        Ok((CpuStorage::F32(y), shape.into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        weight: &CudaStorage,
        weight_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        cuda::conv::forward(self.0, (x, x_layout), (weight, weight_layout))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (_, _, h, w) = x.dims4()?;
        let for_x = match x.track_op() {
            true => Some(grad.apply_op2_no_bwd(weight, &GradX { window: self.0, h, w })?),
            false => None,
        };
        let for_weight = match weight.track_op() {
            true => Some(x.apply_op2_no_bwd(&grad, &GradWeight(self.0))?),
            false => None,
        };
        Ok((for_x, for_weight))
    }
}

/// The unfolded image, in `column` unless it is the image itself.
fn unfolded<'a>(window: Window, s: &Sizes, x: &'a [f32], column: &'a mut Vec<f32>) -> &'a [f32] {
    if window.is_pointwise() {
        return x;
    }
    column.resize(s.rows * s.outputs, 0.0);
    window.unfold(x, s.image, column);
    column
}

/// From the gradient of y and the weights: `fold(Wᵀ · grad)`.
struct GradX {
    window: Window,
    h: usize,
    w: usize,
}

impl CustomOp2 for GradX {
    fn name(&self) -> &'static str {
        "conv2d-grad-x"
    }

    fn cpu_fwd(
        &self,
        grad: &CpuStorage,
        grad_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (n, o, _, _) = grad_layout.shape().dims4()?;
        let c = weight_layout.shape().dims4()?.1;
        let (grad, weight) = (slice(grad, grad_layout)?, slice(weight, weight_layout)?);
        let s = Sizes::new(self.window, [c, self.h, self.w]);
        let mut x = vec![0f32; n * s.pixels];
        let product = |out: &mut [f32], grad: &[f32]| {
            matmul(
                out,
                Write::Replace,
                Matrix::row_major(weight, s.rows).transposed(),
                Matrix::row_major(grad, s.outputs),
            );
        };
        x.par_chunks_mut(s.pixels).zip(grad.par_chunks(o * s.outputs)).for_each_init(Vec::new, |column, (x, grad)| {
            if self.window.is_pointwise() {
                product(x, grad);
            } else {
                column.resize(s.rows * s.outputs, 0.0);
                product(column, grad);
                self.window.fold(column, s.image, x);
            }
        });
        Ok((CpuStorage::F32(x), (n, c, self.h, self.w).into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        grad: &CudaStorage,
        grad_layout: &Layout,
        weight: &CudaStorage,
        weight_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        cuda::conv::grad_x(self.window, [self.h, self.w], (grad, grad_layout), (weight, weight_layout))
    }
}

/// From x and the gradient of y: `Σ_n grad · unfold(x)ᵀ`.
struct GradWeight(Window);

/// Partial sums of weight gradients together hold at most about this many values.
const PARTIAL_VALUES: usize = 1 << 22;

impl CustomOp2 for GradWeight {
    fn name(&self) -> &'static str {
        "conv2d-grad-weight"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (n, c, h, w) = x_layout.shape().dims4()?;
        let o = grad_layout.shape().dims4()?.1;
        let (x, grad) = (slice(x, x_layout)?, slice(grad, grad_layout)?);
        let s = Sizes::new(self.0, [c, h, w]);
        // The split depends on the problem alone, so that the sum has the same bytes for any
        // number of threads.
        let parts = (PARTIAL_VALUES / (o * s.rows)).clamp(2, 16).min(n.max(1));
        let images = n.div_ceil(parts);
        let sums: Vec<Vec<f32>> = x
            .par_chunks(images * s.pixels)
            .zip(grad.par_chunks(images * o * s.outputs))
            .map(|(x, grad)| {
                let mut sum = vec![0f32; o * s.rows];
                let mut column = Vec::new();
                for (x, grad) in x.chunks(s.pixels).zip(grad.chunks(o * s.outputs)) {
                    let unfolded = unfolded(self.0, &s, x, &mut column);
                    matmul(
                        &mut sum,
                        Write::Add,
                        Matrix::row_major(grad, s.outputs),
                        Matrix::row_major(unfolded, s.outputs).transposed(),
                    );
                }
                sum
            })
            .collect();
        let mut sums = sums.into_iter();
        let mut total = sums.next().unwrap_or_else(|| vec![0f32; o * s.rows]);
        for sum in sums {
            for (t, v) in total.iter_mut().zip(&sum) {
                *t += v;
            }
        }
        let k = self.0.kernel;
        Ok((CpuStorage::F32(total), (o, c, k, k).into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        grad: &CudaStorage,
        grad_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        cuda::conv::grad_weight(self.0, (x, x_layout), (grad, grad_layout))
    }
}
