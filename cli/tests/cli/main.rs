//! The program as its users meet it. One test program, so that everything is linked once.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod applicable;
mod bad_dumps;
mod by_names;
mod clip;
mod common;
mod compare;
mod confidence;
mod convert;
mod detector;
mod detector_stream;
mod diff;
mod fit_files;
mod gram;
mod inspect_elements;
mod latency;
mod layouts;
mod limits;
mod measure;
mod names;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "onnx")]
mod onnx_data;
mod options;
mod outputs;
mod parameters;
mod published;
mod readme;
mod records;
mod reliability;
mod report;
mod score;
mod spectrum;
mod terminal;
#[cfg(feature = "train")]
mod train;
mod tune;
mod verify;
