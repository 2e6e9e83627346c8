//! ONNX models of others: from a file to logits and features, from these to a dump.
//!
//! ```text
//! MODEL.onnx ── wire: lengths checked ── graph: finds logits, features, last layer ──┐
//!                                          outputs: inner tensors become outputs ────┤
//! source: arrays, recordings, sentences, images ── batches ──────────► runtime ──────┴─► extract ──► dumps/<run>/
//! ```
//!
//! * [`graph`] reads a model and refuses what a runtime computes wrongly; [`runtime`] is what a runtime does, [`rten`](mod@rten) the one in pure Rust.
//!   The feature `onnxruntime` adds that of a library which the user has.
//! * [`request`] checks what is asked of a model before it is run.
//! * [`source`] has what a model is fed; [`extract`](mod@extract) runs it and writes the dump through the library's writer.
//! * A file is not believed: its lengths are checked first, shapes are compared with the numbers there are. A model is a program all the same, and
//!   may ask for any time and memory.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod error;
pub mod extract;
pub mod graph;
mod locations;
#[cfg(feature = "onnxruntime")]
pub mod onnxruntime;
mod outputs;
pub mod request;
pub mod rten;
pub mod runtime;
pub mod source;
mod spelled;
mod wire;

pub use error::OnnxError;
