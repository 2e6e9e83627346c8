//! File formats that hold arrays, one file each, and the list of those that the arrays of a dump may come in.
//!
//! | file | reads |
//! |---|---|
//! | [`npy`] | one array of `numpy.save`, left on disk behind a memory map |
//! | [`npy_stream`] | the same from a pipe, some rows at a time |
//! | [`npz`] | named arrays of `numpy.savez` and `numpy.savez_compressed` |
//! | [`safetensors`](mod@safetensors) | named tensors |
//! | [`safetensors_index`] | named tensors in several files |
//! | [`mat`] | variables of MATLAB |
//! | [`torch`] | tensors and arrays of `torch.save`; the weights of a `state_dict` |
//! | [`pkl`] | pickled NumPy arrays |
//! | [`raw`] | elements alone, of a type and shape told elsewhere |
//! | [`text`] | CSV, TSV and lines of numbers |
//! | `parquet` | columns of numbers and of lists of numbers (feature `parquet`) |
//! | `arrow` | the same in Arrow's IPC format, Feather among it (feature `parquet`) |
//! | [`pickle`] | what a pickle says, without running it; for the readers of others |
//!
//! Nothing here believes what a file says of itself: lengths are compared with what is there, and [`limit`] bounds what is unpacked. To add a
//! format, write a file with a [`Format`] and a line in [`FORMATS`].

mod archive;
mod arriving;
#[cfg(feature = "parquet")]
pub mod arrow;
mod columns;
pub(super) mod entry;
pub mod file;
pub mod header;
pub mod limit;
pub mod mat;
pub mod npy;
pub mod npy_stream;
pub mod npz;
mod numpy_pickle;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod pickle;
pub mod pkl;
pub mod raw;
pub mod safetensors;
pub mod safetensors_index;
pub(super) mod tensor;
pub mod text;
pub mod torch;
mod tree;

use std::path::Path;

pub use entry::Format;

/// The formats that the arrays of a dump may come in.
pub const FORMATS: &[&dyn Format] = &[
    &npy::Npy,
    &npz::Npz,
    &safetensors::Safetensors,
    &mat::Mat,
    &torch::Torch,
    &pkl::Pkl,
    &safetensors_index::SafetensorsIndex,
    &text::Csv,
    &text::Tsv,
    &text::Txt,
    #[cfg(feature = "parquet")]
    &parquet::Parquet,
    #[cfg(feature = "parquet")]
    &arrow::Arrow,
];

/// The format of a file, by its name.
#[must_use]
pub fn by_name(path: &Path) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.recognises(path, &[]))
}

/// The format of a file, by its first bytes.
#[must_use]
pub fn by_content(head: &[u8]) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.recognises(Path::new(""), head))
}
