//! The operations of [`nn`](super) on a CUDA device.
//!
//! The kernels are CUDA C++ beside this file, compiled by NVRTC when first used, for the oldest
//! architecture it knows; the driver translates that for the GPU it finds. So a program runs on every
//! GPU its libraries support, and needs no `nvcc` for these files. Convolutions run on cuDNN with feature
//! `cudnn`, else on cuBLAS with an unfolded copy of the images.
//!
//! All sums have an order that depends on the shape alone and the algorithms are deterministic ones, so
//! that a run on the same device can be repeated.
//!
//! Everything here is enqueued on candle's stream of the device; nothing waits for it.

pub(super) mod batch_norm;
#[cfg(feature = "cudnn")]
#[path = "conv_cudnn.rs"]
pub(super) mod conv;
#[cfg(not(feature = "cudnn"))]
#[path = "conv_unfolded.rs"]
pub(super) mod conv;
mod kernel;
pub(super) mod pool;
pub(super) mod residual;
pub(crate) mod sgd;
