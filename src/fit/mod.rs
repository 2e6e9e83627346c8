//! State learnt from in-distribution training rows, shared by the scores that need it.

pub mod evenly_spaced;
pub mod gaussian;
pub mod mean;
pub mod training;

pub use gaussian::ClassGaussian;
pub use training::{FitError, Training};
