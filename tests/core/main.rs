//! The library as its users meet it: goldens, laws, files. One program, so that everything is linked once.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod best;
mod circles;
#[path = "../common/mod.rs"]
mod common;
mod coverage;
mod goldens;
mod in_memory;
mod layers;
mod npy_files;
mod procedures;
mod score_goldens;
mod score_laws;
mod stats_goldens;
mod synthetic;
