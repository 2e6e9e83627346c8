//! State learnt from in-distribution training rows, shared by the scores that need it.

pub mod gaussian;
pub mod training;

pub use gaussian::ClassGaussian;
pub use training::{FitError, Training};
