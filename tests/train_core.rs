//! Tests of the trainer, as one program so that the libraries are linked once.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "train_core/device.rs"]
mod device;
#[path = "train_core/extract.rs"]
mod extract;
#[path = "train_core/loss.rs"]
mod loss;
#[path = "train_core/model.rs"]
mod model;
#[path = "train_core/nn.rs"]
mod nn;
#[path = "train_core/reference.rs"]
mod reference;
#[path = "train_core/run.rs"]
mod run;
