//! Fits in a file: what scores learnt from the training rows of a run, to be used again without them.
//!
//! The file is a safetensors file. Its arrays are those of each score's [`State`](crate::score::State), named `score/array`; its metadata has one
//! entry, `oodbench`, the [`Description`](description::Description) as JSON under a checksum of itself and the arrays.
//!
//! A fit belongs to the rows it was made from and to the model that made them. Where the run being scored holds training rows, their checksum
//! has to be that of the file; where it holds none, the head (if both have one) and the numbers of columns have to agree. Scores that read a
//! head when they score rows read it from the run.

pub mod describe;
pub mod description;
pub mod error;
pub mod fit;
pub mod read;
pub(crate) mod sealed;
pub mod write;

pub use describe::describe;
pub use error::FitsError;
pub use fit::{Fits, fit};
pub use read::FitsFile;
pub use write::write;
