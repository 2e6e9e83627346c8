//! Kernels on slices and views: no files, nothing that knows what a score is.

pub mod arcsine;
pub mod checksum;
pub mod exp;
pub mod exponentials;
pub mod finite;
pub mod kernel;
pub mod largest;
pub mod linalg;
pub mod log1p;
pub mod logistic;
pub mod noise;
pub mod pair;
pub mod pairwise_sum;
pub mod real;
pub mod recycled;
pub mod root;
pub mod row_product;
pub mod scan;
pub mod share;
pub mod softmax;
pub mod softplus;
pub mod sort;
pub mod top;
pub mod top_k;
pub mod vector;
pub mod weibull;
