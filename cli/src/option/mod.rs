//! What may be typed by several commands.

pub(crate) mod choice;
pub(crate) mod common;
pub(crate) mod complete;
#[cfg(feature = "train")]
pub(crate) mod images;
#[cfg(feature = "train")]
pub(crate) mod named;
pub(crate) mod procedure;
pub(crate) mod runs;
mod trimmed;
