//! Rows and the last layer of a network: in memory, borrowed or mapped from files.
//!
//! A [`Matrix`] is read block by block, wherever its elements are; a [`Split`] holds the arrays of the same samples, [`RunRows`] the splits of one
//! model; a [`RowBlock`] is what scores read. A dump is one source of rows, arrays in memory are another.

pub mod array;
pub mod block;
pub mod block_checksum;
pub mod check;
pub mod checksum;
pub mod disguise;
pub mod element;
pub mod error;
pub mod fault;
pub mod head;
pub mod labels;
pub mod mapped;
pub mod matrix;
pub mod origin;
pub mod patches;
pub mod role;
pub mod run;
pub mod split;
pub mod texts;
pub mod watch;

pub use block::RowBlock;
pub use error::RowsError;
pub use head::{Head, HeadKind};
pub use labels::Labels;
pub use matrix::{Matrix, Rows};
pub use origin::Origin;
pub use role::{ArrayKind, Role};
pub use run::RunRows;
pub use split::Split;
pub use texts::Texts;
