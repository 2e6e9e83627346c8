//! What may be typed by several commands.

pub(crate) mod choice;
pub(crate) mod command_line;
pub(crate) mod common;
pub(crate) mod complete;
pub(crate) mod ddof;
pub(crate) mod elements;
pub(crate) mod format;
#[cfg(feature = "train")]
pub(crate) mod images;
pub(crate) mod intervals;
pub(crate) mod metric;
#[cfg(feature = "onnx")]
pub(crate) mod model;
#[cfg(feature = "train")]
pub(crate) mod named;
pub(crate) mod percent;
pub(crate) mod places;
pub(crate) mod procedure;
pub(crate) mod rows;
pub(crate) mod runs;
#[cfg(any(feature = "train", feature = "onnx"))]
pub(crate) mod sets;
pub(crate) mod sources;
pub(crate) mod threads;
mod trimmed;
