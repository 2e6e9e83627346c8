//! How sure a figure is.

pub mod spread;
