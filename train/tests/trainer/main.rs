//! The trainer: networks, losses, images. One program, so that everything is linked once.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and say what it measured")]

mod core;
mod data_images;
mod published;
