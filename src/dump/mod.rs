//! Runs on disk: layouts, file formats, validation, memory maps.
//!
//! [`layout::discover`] finds the files of runs; [`Dump::open`] and [`Split::check_finite`](crate::rows::Split::check_finite) are the gate.

pub mod diagnose;
mod ensemble;
pub mod error;
pub mod format;
mod head;
pub mod import;
pub mod layout;
pub mod meta;
pub mod name;
pub mod run;
pub mod score_archive;
pub mod stream;
pub mod write;

pub use error::DumpError;
pub use meta::{Loss, RunInfo};
pub use run::Dump;
pub use stream::RowStream;
pub use write::{DumpWriter, WriteError};
