//! What comes from disk: layouts, file formats, validation, memory maps, row blocks.
//!
//! [`layout::discover`] finds the files of runs, [`Dump::open`] and [`Split::check_finite`] are the gate, and
//! [`RowBlock`] is what scores read.

pub mod block;
pub mod check;
pub mod checksum;
pub mod diagnose;
pub mod dtype;
pub mod error;
pub mod head;
pub mod labels;
pub mod layout;
pub mod matrix;
pub mod meta;
pub mod npy;
pub mod npz;
pub mod run;

pub use block::RowBlock;
pub use error::DumpError;
pub use head::Head;
pub use layout::{ArrayKind, Role};
pub use matrix::Rows;
pub use meta::{Loss, RunInfo};
pub use run::{Dump, Split};
