//! Kernels on slices and views: no files, no names, nothing that knows what a score is.

pub mod finite;
pub mod largest;
pub mod linalg;
pub mod pairwise_sum;
pub mod real;
pub mod softmax;
