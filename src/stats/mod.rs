//! How sure a value is.

pub mod best;
pub mod beta;
pub mod binomial;
pub mod bootstrap;
pub mod delong;
pub mod normal;
pub mod ranks;
pub mod repeats;
pub mod spread;
pub mod student;
