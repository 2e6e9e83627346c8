//! `.npy` files: the header read by ndarray-npy, the data left on disk behind a memory map.

use std::fs::File;
use std::io::Cursor;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;
use ndarray_npy::npy::header::{Header, Layout};

use super::error::DumpError;
use crate::rows::array::{Memory, StoredArray, shape_text};
use crate::rows::element::Dtype;

/// A mapped file.
pub(super) struct Mapped(pub(super) Mmap);

impl Memory for Mapped {
    fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Asks the system to map some bytes at once, before they are read for the first time: one call costs less than a page fault for every few
    /// pages. Where the system cannot, reading maps them as ever.
    fn populate(&self, bytes: Range<usize>) {
        #[cfg(target_os = "linux")]
        let _ = self.0.advise_range(memmap2::Advice::PopulateRead, bytes.start, bytes.len());
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
    }
}

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
pub fn from_map(path: PathBuf, map: Mmap, range: Range<usize>) -> Result<StoredArray, DumpError> {
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
    fits.then(|| StoredArray::new(path.clone(), dtype, header.shape.clone(), Arc::new(Mapped(map)), start))
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
pub(super) fn map_file(path: &Path) -> Result<Mmap, DumpError> {
    let file = open_regular(path)?;
    // SAFETY: the map is read-only; a dump that another program changes while it is read is outside the contract, as
    // with every tool that maps its input.
    unsafe { Mmap::map(&file) }.map_err(|error| DumpError::io(path, error))
}
