//! How sure a figure is.

pub mod bootstrap;
pub mod delong;
pub mod holm;
pub mod spread;
