//! Elements alone, as `numpy.memmap` and `ndarray.tofile` write them: what they are is told elsewhere, in a layout file or on the command line.

use std::path::Path;
use std::sync::Arc;

use super::file;
use crate::dump::error::DumpError;
use crate::rows::array::{StoredArray, shape_text};
use crate::rows::element::Dtype;

/// What the elements of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// Their type.
    pub dtype: Dtype,
    /// Lengths of the axes; of the first, none where the file's length tells it.
    pub rows: Option<usize>,
    /// Lengths of the axes behind the first.
    pub inner: Vec<usize>,
    /// Bytes before the first element.
    pub offset: usize,
    /// Whether columns are contiguous.
    pub fortran: bool,
}

/// The type of a name that means one thing to everybody: `float32`, `f32`, `<f4`, `bfloat16`, `int64`. `i8` is one byte to PyTorch and Rust, eight to NumPy.
///
/// # Errors
/// What would be understood.
pub fn dtype(name: &str) -> Result<Dtype, &'static str> {
    const KNOWN: &str = "dtype = \"float32\" or the like";
    let descr = match name {
        "float16" | "half" => "<f2",
        "bf16" | "bfloat16" => "<V2",
        "f32" | "float32" => "<f4",
        "f64" | "float64" | "double" => "<f8",
        "int8" => "|i1",
        "i16" | "int16" => "<i2",
        "i32" | "int32" => "<i4",
        "i64" | "int64" => "<i8",
        "uint8" | "bool" => "|u1",
        "u16" | "uint16" => "<u2",
        "u32" | "uint32" => "<u4",
        "u64" | "uint64" => "<u8",
        descr if descr.starts_with(['<', '>', '|']) => descr,
        "float" => return Err("float32 or float64? one of them"),
        "f16" => return Err("float16 or float128? float16 or \"<f2\""),
        "i8" => return Err("int8 or int64? one of them"),
        "u8" => return Err("uint8 or uint64? one of them"),
        _ => return Err(KNOWN),
    };
    Some(Dtype::parse(descr)).filter(|dtype| dtype.size().is_some()).ok_or(KNOWN)
}

/// Rows, none where the file's length tells them (-1), and the lengths of the axes behind; nothing where one of these is negative.
///
/// ```
/// use oodbench::dump::format::raw::axes;
/// assert_eq!(axes(&[-1, 512]), Some((None, vec![512])));
/// assert_eq!(axes(&[7, 3]), Some((Some(7), vec![3])));
/// assert_eq!((axes(&[7, -1]), axes(&[])), (None, None));
/// ```
#[must_use]
pub fn axes(axes: &[i64]) -> Option<(Option<usize>, Vec<usize>)> {
    let (rows, inner) = axes.split_first().filter(|(rows, _)| **rows >= -1)?;
    let inner = inner.iter().map(|&axis| usize::try_from(axis).ok()).collect::<Option<_>>()?;
    Some((usize::try_from(*rows).ok(), inner))
}

/// Maps a file whose length is that of the array.
///
/// # Errors
/// [`DumpError`] if it cannot be mapped or has another length.
pub fn open(path: &Path, raw: &Raw) -> Result<StoredArray, DumpError> {
    let map = file::map(path)?;
    let length = map.len();
    let wrong = |found: String, expected: String| {
        DumpError::malformed(path, found, expected, "correct shape, dtype or offset, or copy the file again")
    };
    let size = raw.dtype.size().unwrap_or(1);
    let row = raw.inner.iter().try_fold(size, |bytes, &axis| bytes.checked_mul(axis)).filter(|row| *row > 0);
    let data = length.checked_sub(raw.offset);
    let (Some(row), Some(data)) = (row, data) else {
        let expected = format!("rows of shape {} behind byte {}", shape_text(&raw.inner), raw.offset);
        return Err(wrong(format!("{length} bytes"), expected));
    };
    let rows = raw.rows.unwrap_or(data / row);
    if rows.checked_mul(row) != Some(data) {
        let expected = match raw.rows {
            Some(rows) => format!("{rows} rows of {row} bytes ({} each)", raw.dtype),
            None => format!("whole rows of {row} bytes ({} each)", raw.dtype),
        };
        return Err(wrong(format!("{data} bytes"), expected));
    }
    let shape: Vec<usize> = std::iter::once(rows).chain(raw.inner.iter().copied()).collect();
    let array = StoredArray::new(path.to_owned(), raw.dtype.clone(), shape, Arc::new(map), raw.offset);
    let array = array.ok_or_else(|| wrong(format!("{length} bytes"), "as many as the shape needs".to_owned()))?;
    Ok(array.in_fortran_order(raw.fortran))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_compared_before_anything_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mmap");
        std::fs::write(&path, [0; 24]).unwrap();
        let open = |rows: Option<usize>, inner: &[usize], offset: usize| {
            let raw = Raw { dtype: Dtype::parse("<f4"), rows, inner: inner.to_vec(), offset, fortran: false };
            open(&path, &raw).map(|array| array.shape).map_err(|error| error.to_string())
        };
        assert_eq!(open(Some(2), &[3], 0), Ok(vec![2, 3]));
        assert_eq!(open(None, &[3], 0), Ok(vec![2, 3]));
        assert_eq!(open(None, &[2], 8), Ok(vec![2, 2]));
        assert_eq!(open(None, &[], 0), Ok(vec![6]));
        for (rows, inner, offset) in [
            (Some(3), &[3][..], 0),
            (None, &[5], 0),
            (None, &[0], 0),
            (None, &[usize::MAX], 0),
            (None, &[1], 25),
            (Some(usize::MAX), &[2], 0),
        ] {
            let error = open(rows, inner, offset).unwrap_err();
            assert!(error.contains("x.mmap: found ") && error.contains("correct shape"), "{error}");
        }
    }

    #[test]
    fn names_of_types() {
        for (name, shown) in
            [("float32", "f32"), ("bf16", "bf16"), (">f8", "f64 big-endian"), ("int64", "i64"), ("bool", "u8")]
        {
            assert_eq!(dtype(name).map(|dtype| dtype.to_string()).as_deref(), Ok(shown));
        }
        for name in ["complex64", "<c8", ""] {
            assert!(dtype(name).unwrap_err().contains("or the like"));
        }
        // `numpy.dtype` of these names has 8 bytes, of f16 16.
        for (name, asked) in [("i8", "int64?"), ("u8", "uint64?"), ("float", "float64?"), ("f16", "float128?")] {
            assert!(dtype(name).unwrap_err().contains(asked), "{name}");
        }
    }
}
