//! Building blocks of the networks: operations whose gradients candle lacks, gets wrong or computes
//! slowly, the layers made of them, and the store of a network's parameters.
//!
//! Every operation is a candle custom operation on f32 tensors, checked against PyTorch's values and
//! finite differences in `tests/trainer/core/nn.rs`. With feature `cuda` each also runs on a GPU; the same
//! tests then run there too.
//!
//! candle adds each gradient to a tensor of zeros, in threads of its own that spin while they wait; see
//! [`prepare_cpu`](super::device::prepare_cpu). And it allocates each result anew. glibc's allocator
//! gives such blocks back to the system and fetches them again at every step: a program that trains on the
//! CPU should use an allocator that keeps them, or raise glibc's thresholds (`mallopt`).

mod add_relu;
mod batch_norm;
mod batch_norm_kernel;
mod conv;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
mod dropout;
mod function;
mod host;
mod im2col;
mod layer;
mod matmul;
mod params;
mod pool;
mod storage;

pub use add_relu::add_relu;
pub use batch_norm::{Activation, EPSILON, MOMENTUM, batch_norm};
pub use conv::{Window, conv2d};
pub use dropout::Dropout;
pub use function::{with_gradient, with_gradients};
pub use host::{matrix, rows, values, vector};
pub use layer::{BatchNorm2d, Conv2d, ConvInit, Linear};
pub use params::{Builder, Init, LoadError, Params};
pub use pool::{avg_pool2d, global_avg_pool};
pub(crate) use storage::{slice, slice_mut};

/// Which of its lives a network lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch normalisation uses the batch's moments and moves the running ones; dropout drops.
    Train,
    /// Batch normalisation uses the running moments: a row's result depends on that row alone.
    Eval,
    /// As in evaluation, but dropout drops: one member of the ensemble that a network with dropout is.
    Sample,
}
