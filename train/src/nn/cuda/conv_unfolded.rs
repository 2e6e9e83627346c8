//! Convolution by cuBLAS on an unfolded copy of the images, k² times their size; for programs without
//! cuDNN.

use super::kernel::{index, launch, over, room, view};
use super::pool::{WINDOW, small};
use crate::nn::Window;
use candle_core::backend::{BackendDevice, BackendStorage};
use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::PushKernelArg;
use candle_core::{CudaStorage, DType, Layout, Result, Shape};

/// y from x (n, c, h, w) and the weights (o, c, k, k): per image, `W · columns`.
pub(in crate::nn) fn forward(
    window: Window,
    x: (&CudaStorage, &Layout),
    (weight, weight_layout): (&CudaStorage, &Layout),
) -> Result<(CudaStorage, Shape)> {
    let s = Sizes::new(window, x.1.shape().dims4()?);
    let o = weight_layout.shape().dims4()?.0;
    let columns = unfold(window, &s, x, Order::ByImage)?;
    let weights = Layout::new((s.n, o, s.rows).into(), vec![0, s.rows, 1], weight_layout.start_offset());
    let by_image = Layout::contiguous((s.n, s.rows, s.outputs));
    let y = weight.matmul(&columns, (s.n, o, s.outputs, s.rows), &weights, &by_image)?;
    Ok((y, (s.n, o, window.output(s.h), window.output(s.w)).into()))
}

/// The gradient of x, of `size` (h, w), from that of y (n, o, oh, ow) and the weights: per image,
/// `fold(Wᵀ · grad)`.
pub(in crate::nn) fn grad_x(
    window: Window,
    [h, w]: [usize; 2],
    (grad, grad_layout): (&CudaStorage, &Layout),
    (weight, weight_layout): (&CudaStorage, &Layout),
) -> Result<(CudaStorage, Shape)> {
    let (n, o, _, _) = grad_layout.shape().dims4()?;
    let c = weight_layout.shape().dims4()?.1;
    let s = Sizes::new(window, (n, c, h, w));
    let transposed = Layout::new((n, s.rows, o).into(), vec![0, 1, s.rows], weight_layout.start_offset());
    let gradients = Layout::contiguous_with_offset((n, o, s.outputs), grad_layout.start_offset());
    index(n * s.rows * s.outputs)?;
    let columns = weight.matmul(grad, (n, s.rows, s.outputs, o), &transposed, &gradients)?;

    let device = grad.device();
    let kernel = WINDOW.load(device, "fold")?;
    let columns = columns.as_cuda_slice::<f32>()?;
    let pixels = n * c * h * w;
    let count = index(pixels)?;
    let [c, h, w, oh, ow] = [c, h, w, window.output(h), window.output(w)].map(small);
    let [k, step, padding] = [window.kernel, window.stride, window.padding].map(small);
    // SAFETY: the kernel takes (columns, dx, count, c, h, w, oh, ow, k, step, padding) and writes all of `dx`.
    let dx = unsafe {
        let mut dx = room(device, pixels)?;
        launch!(kernel, over(count), columns, &mut dx, &count, &c, &h, &w, &oh, &ow, &k, &step, &padding)?;
        dx
    };
    Ok((CudaStorage::wrap_cuda_slice(dx, device.clone()), (s.n, s.c, s.h, s.w).into()))
}

/// The gradient of the weights from x and the gradient of y: one product over images and pixels.
pub(in crate::nn) fn grad_weight(
    window: Window,
    x: (&CudaStorage, &Layout),
    (grad, grad_layout): (&CudaStorage, &Layout),
) -> Result<(CudaStorage, Shape)> {
    let s = Sizes::new(window, x.1.shape().dims4()?);
    let o = grad_layout.shape().dims4()?.1;
    let columns = unfold(window, &s, x, Order::ByRow)?;
    let all = s.n * s.outputs;
    let by_output = Shape::from((o, all));
    // SAFETY: the copy writes all of it.
    let mut turned = unsafe { grad.device().alloc_uninit(&by_output, DType::F32)? };
    grad.copy_strided_src(&mut turned, 0, &grad_layout.permute(&[1, 0, 2, 3])?)?;
    let transposed = Layout::new((all, s.rows).into(), vec![1, all], 0);
    let dw = turned.matmul(&columns, (1, o, s.rows, all), &Layout::contiguous(by_output), &transposed)?;
    Ok((dw, (o, s.c, window.kernel, window.kernel).into()))
}

struct Sizes {
    n: usize,
    c: usize,
    h: usize,
    w: usize,
    outputs: usize,
    /// Rows of the unfolded images: c·k².
    rows: usize,
}

impl Sizes {
    fn new(window: Window, (n, c, h, w): (usize, usize, usize, usize)) -> Self {
        let outputs = window.output(h) * window.output(w);
        Self { n, c, h, w, outputs, rows: c * window.kernel * window.kernel }
    }
}

/// How unfolded images lie in memory.
enum Order {
    /// (n, rows, outputs)
    ByImage,
    /// (rows, n, outputs)
    ByRow,
}

fn unfold(window: Window, s: &Sizes, (x, layout): (&CudaStorage, &Layout), order: Order) -> Result<CudaStorage> {
    let device = x.device();
    let kernel = WINDOW.load(device, "unfold")?;
    let x = view(x, layout)?;
    let entries = s.n * s.rows * s.outputs;
    let count = index(entries)?;
    let (row_stride, image_stride) = match order {
        Order::ByImage => (s.outputs, s.rows * s.outputs),
        Order::ByRow => (s.n * s.outputs, s.outputs),
    };
    let [c, h, w, oh, ow] = [s.c, s.h, s.w, window.output(s.h), window.output(s.w)].map(small);
    let [k, step, padding] = [window.kernel, window.stride, window.padding].map(small);
    let [row_stride, image_stride] = [row_stride, image_stride].map(small);
    // SAFETY: the kernel takes (x, columns, count, c, h, w, oh, ow, k, step, padding, row_stride, image_stride) and
    // writes all of `columns`, as the strides number its entries without gap.
    let columns = unsafe {
        let mut columns = room(device, entries)?;
        launch!(
            kernel,
            over(count),
            &x,
            &mut columns,
            &count,
            &c,
            &h,
            &w,
            &oh,
            &ow,
            &k,
            &step,
            &padding,
            &row_stride,
            &image_stride,
        )?;
        columns
    };
    Ok(CudaStorage::wrap_cuda_slice(columns, device.clone()))
}
