//! One `.npy` array: its header read by ndarray-npy, its data left on disk behind a memory map.

use std::io::Cursor;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;
use ndarray_npy::npy::header::{Header, Layout};

use super::dtype::Dtype;
use super::error::DumpError;

/// An array on disk: shape, element type and where its bytes are.
#[derive(Clone, Debug)]
pub struct NpyArray {
    /// The file, with `[member]` behind it for an array of an `.npz` archive.
    pub path: PathBuf,
    /// Element type.
    pub dtype: Dtype,
    /// Whether columns, not rows, are contiguous.
    pub fortran: bool,
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    map: Arc<Mmap>,
    data: Range<usize>,
}

impl NpyArray {
    /// Opens an `.npy` file.
    ///
    /// # Errors
    /// [`DumpError`] if the file cannot be mapped, has no valid header, an element type that is no real number, or fewer
    /// bytes than its shape needs.
    pub fn open(path: &Path) -> Result<Self, DumpError> {
        let map = map_file(path)?;
        let length = map.len();
        Self::from_map(path.to_owned(), Arc::new(map), 0..length)
    }

    /// Reads the array that stands in `range` of a map.
    ///
    /// # Errors
    /// As [`NpyArray::open`].
    pub fn from_map(path: PathBuf, map: Arc<Mmap>, range: Range<usize>) -> Result<Self, DumpError> {
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
        match needed {
            Some(needed) if needed <= available => Ok(Self {
                path,
                dtype,
                fortran: header.layout == Layout::Fortran,
                shape: header.shape,
                map,
                data: start..start + needed,
            }),
            _ => Err(DumpError::malformed(
                path,
                format!("{available} bytes of data"),
                format!(
                    "{} bytes for shape {}",
                    needed.map_or("too many".to_owned(), |n| n.to_string()),
                    shape_text(&header.shape)
                ),
                "the file is truncated: copy or write it again",
            )),
        }
    }

    /// The elements' bytes, in the file's order.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.map[self.data.clone()]
    }
}

impl NpyArray {
    /// Asks the system to map some of the elements' bytes at once, before they are read for the first time: one call costs less than a page fault
    /// for every few pages. Where the system cannot, reading maps them as ever.
    pub(super) fn populate(&self, bytes: Range<usize>) {
        #[cfg(target_os = "linux")]
        let _ = self.map.advise_range(memmap2::Advice::PopulateRead, self.data.start + bytes.start, bytes.len());
        #[cfg(not(target_os = "linux"))]
        drop(bytes);
    }
}

/// A shape as NumPy prints it: `(5, 10)`, `(5,)`.
#[must_use]
pub fn shape_text(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => format!("({})", shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Maps a file for reading.
pub(super) fn map_file(path: &Path) -> Result<Mmap, DumpError> {
    let file = std::fs::File::open(path).map_err(|error| DumpError::io(path, error))?;
    // SAFETY: the map is read-only; a dump that another program changes while it is read is outside the contract, as
    // with every tool that maps its input.
    unsafe { Mmap::map(&file) }.map_err(|error| DumpError::io(path, error))
}
