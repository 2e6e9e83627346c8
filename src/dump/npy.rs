//! `.npy` files: the header read by ndarray-npy, the data left on disk behind a memory map.

use std::fs::File;
use std::io::Cursor;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray_npy::npy::header::{Header, Layout};

use super::error::DumpError;
use crate::rows::array::{StoredArray, shape_text};
use crate::rows::element::Dtype;
use crate::rows::mapped::Mapped;

/// Opens an `.npy` file.
///
/// # Errors
/// [`DumpError`] if the file cannot be mapped, has no valid header, an element type that is no real number, or fewer
/// bytes than its shape needs.
pub fn open(path: &Path) -> Result<StoredArray, DumpError> {
    let map = map_file(path)?;
    let length = map.len();
    from_map(path.to_owned(), map, 0..length)
}

/// Reads the array that stands in `range` of a map.
///
/// # Errors
/// As [`open`].
pub fn from_map(path: PathBuf, map: Mapped, range: Range<usize>) -> Result<StoredArray, DumpError> {
    let mut cursor = Cursor::new(&map[range.clone()]);
    let header = Header::from_reader(&mut cursor).map_err(|error| {
        let found = if range.is_empty() { "an empty file".to_owned() } else { format!("no .npy header ({error})") };
        DumpError::malformed(&path, found, "an array written by numpy.save", "write the file again")
    })?;
    let start = range.start + cursor.position() as usize;
    let descr = header.type_descriptor.as_string().map_or_else(|| header.type_descriptor.to_string(), Clone::clone);
    let dtype = Dtype::parse(&descr);
    let Some(size) = dtype.size() else {
        return Err(DumpError::malformed(
            path,
            dtype.to_string(),
            "real numbers (f16, bf16, f32, f64 or integers)",
            "save a plain numeric array, e.g. numpy.save(file, numpy.asarray(x, dtype=numpy.float32))",
        ));
    };
    let elements = header.shape.iter().try_fold(1_usize, |n, &axis| n.checked_mul(axis));
    let needed = elements.and_then(|n| n.checked_mul(size));
    let available = range.end - start;
    let fortran = header.layout == Layout::Fortran;
    let fits = needed.is_some_and(|needed| needed <= available);
    fits.then(|| StoredArray::new(path.clone(), dtype, header.shape.clone(), Arc::new(map), start))
        .flatten()
        .map(|array| array.in_fortran_order(fortran))
        .ok_or_else(|| {
            DumpError::malformed(
                path,
                format!("{available} bytes of data"),
                format!(
                    "{} bytes for shape {}",
                    needed.map_or("too many".to_owned(), |n| n.to_string()),
                    shape_text(&header.shape)
                ),
                "the file is truncated: copy or write it again",
            )
        })
}

/// Opens a file that has an end. A named pipe would block for ever, a device may never end.
pub(super) fn open_regular(path: &Path) -> Result<File, DumpError> {
    let kind = std::fs::metadata(path).map_err(|error| DumpError::io(path, error))?.file_type();
    if !kind.is_file() {
        let found = if kind.is_dir() { "a folder" } else { "a pipe or device" };
        return Err(DumpError::malformed(path, found, "a regular file", "put a file of this name there"));
    }
    File::open(path).map_err(|error| DumpError::io(path, error))
}

/// Maps a file for reading.
pub(super) fn map_file(path: &Path) -> Result<Mapped, DumpError> {
    Mapped::file(path, &open_regular(path)?).map_err(|error| DumpError::io(path, error))
}
