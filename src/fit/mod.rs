//! State learnt from in-distribution training rows, shared by the scores that need it.

pub mod bank;
pub mod class_means;
pub mod error;
pub mod evenly_spaced;
mod factor_of_rows;
pub mod gaussian;
pub mod mean;
pub mod moment;
pub mod multiples;
pub mod nearest_mean;
pub(crate) mod obstacle;
pub mod percentile;
pub mod principal;
mod rounding;
pub mod rows;
pub mod space;
pub mod sweep;
pub mod training;

pub use class_means::ClassMeans;
pub use error::FitError;
pub use gaussian::Gaussian;
pub use moment::{Moment, Rank};
pub use multiples::Multiples;
pub use nearest_mean::NearestMean;
pub use principal::{PrincipalSpace, ResidualSpace};
pub use rows::TrainingRows;
pub use space::Space;
pub use training::Training;
