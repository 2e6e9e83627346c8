//! Convolution by cuDNN.
//!
//! The algorithm is what cuDNN's heuristics put first, or a deterministic one where those choose one
//! that adds in an order of its own. Factors are rounded to TF32 only where candle's own matrix
//! products are allowed to.

use super::kernel::{index, room, view};
use crate::nn::Window;
use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnConvolutionBwdDataAlgo_t as DataAlgorithm, cudnnConvolutionBwdFilterAlgo_t as FilterAlgorithm,
    cudnnConvolutionFwdAlgo_t as ForwardAlgorithm, cudnnConvolutionMode_t, cudnnMathType_t, cudnnTensorFormat_t,
};
use candle_core::cuda_backend::cudarc::cudnn::{
    ConvBackwardData, ConvBackwardFilter, ConvDescriptor, ConvForward, Cudnn, CudnnError, FilterDescriptor,
    TensorDescriptor,
};
use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::cuda_backend::{DeviceId, gemm_reduced_precision_f32};
use candle_core::{CudaDevice, CudaStorage, Layout, Result, Shape};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::sync::Arc;

/// y from x (n, c, h, w) and the weights (o, c, k, k).
pub(in crate::nn) fn forward(
    window: Window,
    (x, x_layout): (&CudaStorage, &Layout),
    (weight, weight_layout): (&CudaStorage, &Layout),
) -> Result<(CudaStorage, Shape)> {
    let (n, c, h, w) = x_layout.shape().dims4()?;
    let o = weight_layout.shape().dims4()?.0;
    let device = x.device();
    let plan = plan(device, Problem::new([n, c, h, w], o, window)?)?;
    let op = ConvForward { conv: &plan.conv, x: &plan.x, w: &plan.weight, y: &plan.y };
    let (algorithm, bytes) = plan.forward(&op)?;
    let (x, weight) = (view(x, x_layout)?, view(weight, weight_layout)?);
    let shape = Shape::from((n, o, window.output(h), window.output(w)));
    // SAFETY: the descriptors say what the views hold; cuDNN writes all of y, as β is 0.
    let y = unsafe {
        let mut workspace = workspace(device, bytes)?;
        let mut y = room(device, shape.elem_count())?;
        op.launch(algorithm, workspace.as_mut(), (1.0, 0.0), &x, &weight, &mut y)?;
        y
    };
    Ok((CudaStorage::wrap_cuda_slice(y, device.clone()), shape))
}

/// The gradient of x, of `size` (h, w), from that of y (n, o, oh, ow) and the weights.
pub(in crate::nn) fn grad_x(
    window: Window,
    size: [usize; 2],
    (grad, grad_layout): (&CudaStorage, &Layout),
    (weight, weight_layout): (&CudaStorage, &Layout),
) -> Result<(CudaStorage, Shape)> {
    let (n, o, _, _) = grad_layout.shape().dims4()?;
    let c = weight_layout.shape().dims4()?.1;
    let [h, w] = size;
    let device = grad.device();
    let plan = plan(device, Problem::new([n, c, h, w], o, window)?)?;
    let op = ConvBackwardData { conv: &plan.conv, dx: &plan.x, w: &plan.weight, dy: &plan.y };
    let (algorithm, bytes) = plan.data(&op)?;
    let (grad, weight) = (view(grad, grad_layout)?, view(weight, weight_layout)?);
    let shape = Shape::from((n, c, h, w));
    // SAFETY: as in `forward`.
    let dx = unsafe {
        let mut workspace = workspace(device, bytes)?;
        let mut dx = room(device, shape.elem_count())?;
        op.launch(algorithm, workspace.as_mut(), (1.0, 0.0), &mut dx, &weight, &grad)?;
        dx
    };
    Ok((CudaStorage::wrap_cuda_slice(dx, device.clone()), shape))
}

/// The gradient of the weights from x and the gradient of y.
pub(in crate::nn) fn grad_weight(
    window: Window,
    (x, x_layout): (&CudaStorage, &Layout),
    (grad, grad_layout): (&CudaStorage, &Layout),
) -> Result<(CudaStorage, Shape)> {
    let (n, c, h, w) = x_layout.shape().dims4()?;
    let o = grad_layout.shape().dims4()?.1;
    let device = x.device();
    let plan = plan(device, Problem::new([n, c, h, w], o, window)?)?;
    let op = ConvBackwardFilter { conv: &plan.conv, x: &plan.x, dw: &plan.weight, dy: &plan.y };
    let (algorithm, bytes) = plan.filter(&op)?;
    let (x, grad) = (view(x, x_layout)?, view(grad, grad_layout)?);
    let shape = Shape::from((o, c, window.kernel, window.kernel));
    // SAFETY: as in `forward`.
    let dw = unsafe {
        let mut workspace = workspace(device, bytes)?;
        let mut dw = room(device, shape.elem_count())?;
        op.launch(algorithm, workspace.as_mut(), (1.0, 0.0), &x, &mut dw, &grad)?;
        dw
    };
    Ok((CudaStorage::wrap_cuda_slice(dw, device.clone()), shape))
}

/// Room for an algorithm's scratch, if it wants any.
///
/// # Safety
///
/// The bytes are not initialised.
unsafe fn workspace(device: &CudaDevice, bytes: usize) -> Result<Option<CudaSlice<u8>>> {
    match bytes {
        0 => Ok(None),
        // SAFETY: as promised by the caller.
        _ => unsafe { device.alloc::<u8>(bytes) }.map(Some),
    }
}

/// Everything cuDNN's choices depend on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Problem {
    x: [i32; 4],
    weight: [i32; 4],
    y: [i32; 4],
    padding: i32,
    stride: i32,
    tf32: bool,
}

impl Problem {
    fn new([n, c, h, w]: [usize; 4], o: usize, window: Window) -> Result<Self> {
        let (oh, ow, k) = (window.output(h), window.output(w), window.kernel);
        for size in [n * c * h * w, n * o * oh * ow, o * c * k * k] {
            index(size)?;
        }
        let int = |sizes: [usize; 4]| sizes.map(|size| size as i32);
        Ok(Self {
            x: int([n, c, h, w]),
            weight: int([o, c, k, k]),
            y: int([n, o, oh, ow]),
            padding: window.padding as i32,
            stride: window.stride as i32,
            tf32: gemm_reduced_precision_f32(),
        })
    }
}

/// A problem described to cuDNN, with the algorithms once they are asked for and the bytes of scratch
/// each needs.
struct Plan {
    conv: ConvDescriptor<f32>,
    x: TensorDescriptor<f32>,
    weight: FilterDescriptor<f32>,
    y: TensorDescriptor<f32>,
    forward: OnceCell<(ForwardAlgorithm, usize)>,
    data: OnceCell<(DataAlgorithm, usize)>,
    filter: OnceCell<(FilterAlgorithm, usize)>,
}

impl Plan {
    fn new(cudnn: &Arc<Cudnn>, problem: Problem) -> std::result::Result<Self, CudnnError> {
        let Problem { padding, stride, .. } = problem;
        let mode = cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION;
        let mut conv = cudnn.create_conv2d::<f32>([padding; 2], [stride; 2], [1, 1], mode)?;
        conv.set_math_type(match problem.tf32 {
            // On f32 tensors the default allows TF32.
            true => cudnnMathType_t::CUDNN_DEFAULT_MATH,
            false => cudnnMathType_t::CUDNN_FMA_MATH,
        })?;
        let format = cudnnTensorFormat_t::CUDNN_TENSOR_NCHW;
        Ok(Self {
            conv,
            x: cudnn.create_4d_tensor(format, problem.x)?,
            weight: cudnn.create_4d_filter(format, problem.weight)?,
            y: cudnn.create_4d_tensor(format, problem.y)?,
            forward: OnceCell::new(),
            data: OnceCell::new(),
            filter: OnceCell::new(),
        })
    }

    fn forward(&self, op: &ConvForward<'_, f32, f32, f32>) -> Result<(ForwardAlgorithm, usize)> {
        known(&self.forward, || {
            let algorithm = op.pick_algorithm()?;
            Ok((algorithm, op.get_workspace_size(algorithm)?))
        })
    }

    fn data(&self, op: &ConvBackwardData<'_, f32, f32, f32>) -> Result<(DataAlgorithm, usize)> {
        known(&self.data, || {
            let algorithm = match op.pick_algorithm()? {
                // Adds with atomics.
                DataAlgorithm::CUDNN_CONVOLUTION_BWD_DATA_ALGO_0 => DataAlgorithm::CUDNN_CONVOLUTION_BWD_DATA_ALGO_1,
                deterministic => deterministic,
            };
            Ok((algorithm, op.get_workspace_size(algorithm)?))
        })
    }

    fn filter(&self, op: &ConvBackwardFilter<'_, f32, f32, f32>) -> Result<(FilterAlgorithm, usize)> {
        known(&self.filter, || {
            let algorithm = match op.pick_algorithm()? {
                // Both add with atomics.
                FilterAlgorithm::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0
                | FilterAlgorithm::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3 => {
                    FilterAlgorithm::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1
                }
                deterministic => deterministic,
            };
            Ok((algorithm, op.get_workspace_size(algorithm)?))
        })
    }
}

/// The value of `cell`, found by `find` the first time.
fn known<T: Copy>(cell: &OnceCell<T>, find: impl FnOnce() -> std::result::Result<T, CudnnError>) -> Result<T> {
    match cell.get() {
        Some(value) => Ok(*value),
        None => {
            let value = find()?;
            Ok(*cell.get_or_init(|| value))
        }
    }
}

/// What a thread knows of one device; a cuDNN handle must stay on its thread.
struct Planner {
    cudnn: Arc<Cudnn>,
    plans: HashMap<Problem, Rc<Plan>>,
}

thread_local! {
    static PLANNERS: RefCell<HashMap<DeviceId, Planner>> = RefCell::new(HashMap::new());
}

/// The plan of a problem, made on first use: the layers of a network meet the same ones at each step.
fn plan(device: &CudaDevice, problem: Problem) -> Result<Rc<Plan>> {
    PLANNERS.with_borrow_mut(|planners| {
        let Planner { cudnn, plans } = match planners.entry(device.id()) {
            Entry::Occupied(planner) => planner.into_mut(),
            Entry::Vacant(place) => {
                let cudnn = Cudnn::new(device.cuda_stream())?;
                place.insert(Planner { cudnn, plans: HashMap::new() })
            }
        };
        match plans.entry(problem) {
            Entry::Occupied(plan) => Ok(Rc::clone(plan.get())),
            Entry::Vacant(place) => Ok(Rc::clone(place.insert(Rc::new(Plan::new(cudnn, problem)?)))),
        }
    })
}
