//! State learnt from in-distribution training rows, shared by the scores that need it.

pub mod gaussian;
pub mod mean;
pub mod percentile;
pub mod principal;
pub mod training;

pub use gaussian::ClassGaussian;
pub use principal::{PrincipalSpace, ResidualSpace};
pub use training::{FitError, Training};
