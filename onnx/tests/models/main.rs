//! Models of `fixtures/onnx` against what onnxruntime makes of them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;
mod damaged;
mod defects;
mod fixtures;
mod neighbours;
mod of_others;
#[cfg(feature = "onnxruntime")]
mod onnxruntime;
mod saturation;
mod shapes;
