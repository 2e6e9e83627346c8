//! State learnt from in-distribution training rows, shared by the scores that need it.

pub mod class_means;
pub mod evenly_spaced;
pub mod gaussian;
pub mod nearest_mean;
pub mod space;
pub mod mean;
pub mod training;

pub use class_means::ClassMeans;
pub use gaussian::Gaussian;
pub use nearest_mean::NearestMean;
pub use space::Space;
pub use training::{FitError, Training};
