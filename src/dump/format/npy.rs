//! `.npy` files: the header is read, the elements stay on disk behind a memory map.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entry::{Format, has_ending};
use super::file;
use super::header::{self, Defect, Header};
use crate::dump::error::DumpError;
use crate::rows::array::{Memory, StoredArray, shape_text};
use crate::rows::mapped::Mapped;

/// One array of `numpy.save`.
pub struct Npy;

impl Format for Npy {
    fn ending(&self) -> &'static str {
        "npy"
    }

    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        has_ending(path, self.ending()) || head.starts_with(header::MAGIC)
    }

    fn members(&self, _: &Path) -> Result<Option<Vec<String>>, DumpError> {
        Ok(None)
    }

    fn open(&self, path: &Path, _: Option<&str>) -> Result<StoredArray, DumpError> {
        open(path)
    }
}

/// Opens an `.npy` file.
///
/// # Errors
/// [`DumpError`] if the file cannot be mapped, has no valid header, an element type that is no real number, or fewer or
/// more bytes than its shape needs.
pub fn open(path: &Path) -> Result<StoredArray, DumpError> {
    let map = file::map(path)?;
    let length = map.bytes().len();
    from_map(path.to_owned(), map, 0..length)
}

/// Reads the array that stands in `range` of a map.
///
/// # Errors
/// As [`open`].
pub(super) fn from_map(path: PathBuf, map: Mapped, range: Range<usize>) -> Result<StoredArray, DumpError> {
    let header = header::parse(&map.bytes()[range.clone()]).map_err(|defect| refusal(&path, defect))?;
    let start = range.start + header.length;
    check_length(&path, &header, range.end - start)?;
    let Header { dtype, fortran, shape, data, .. } = header;
    let array = StoredArray::new(path.clone(), dtype, shape, Arc::new(map), start);
    array.map(|array| array.in_fortran_order(fortran)).ok_or_else(|| {
        DumpError::malformed(
            path,
            format!("fewer than {data} bytes"),
            format!("{data}"),
            "copy or write the file again",
        )
    })
}

pub(super) fn refusal(path: &Path, defect: Defect) -> DumpError {
    DumpError::malformed(path, defect.found, defect.expected, defect.remedy)
}

/// Exactly as many bytes behind the header as its shape needs.
pub(super) fn check_length(path: &Path, header: &Header, available: usize) -> Result<(), DumpError> {
    let expected = format!("{} bytes for shape {}", header.data, shape_text(&header.shape));
    match available.cmp(&header.data) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(DumpError::malformed(
            path,
            format!("{available} bytes of data"),
            expected,
            "the file is truncated: copy or write it again",
        )),
        std::cmp::Ordering::Greater => Err(DumpError::malformed(
            path,
            format!("{} bytes behind the array", available - header.data),
            expected,
            "save one array per file: what stands behind the first would be left out",
        )),
    }
}
