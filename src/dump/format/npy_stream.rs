//! One array of `numpy.save` from a pipe, some rows at a time: those that have come.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arriving::Arriving;
use super::header::{self, Header};
use super::npy::refusal;
use crate::dump::error::DumpError;
use crate::rows::array::{StoredArray, shape_text};
use crate::rows::element::Dtype;

/// An array being read. What has been read of it is held, never the whole.
pub struct NpyStream {
    input: Arriving,
    /// Stands for the file in messages.
    name: PathBuf,
    dtype: Dtype,
    /// Lengths of the axes after the first.
    inner: Vec<usize>,
    row_bytes: usize,
    rows: usize,
    next: usize,
}

/// Most bytes that are given at once: about as much as blocks of rows for a few threads.
const MOST: usize = 1 << 23;

impl NpyStream {
    /// Reads the header.
    ///
    /// # Errors
    /// [`DumpError`] if there is none, or the array cannot be read row by row.
    pub fn open(input: impl Read + Send + 'static, name: &Path) -> Result<Self, DumpError> {
        let mut input = Arriving::new(input);
        let mut take = |count| input.take(count, count).map_err(|error| DumpError::io(name, error));
        let mut bytes = take(header::PREFIX)?;
        let (_, length) = header::extent(&bytes).map_err(|defect| refusal(name, defect))?;
        bytes.extend(take(length.saturating_sub(bytes.len()))?);
        let Header { dtype, fortran, shape, .. } = header::parse(&bytes).map_err(|defect| refusal(name, defect))?;
        let (Some((&rows, inner)), Some(size)) = (shape.split_first(), dtype.size()) else {
            return Err(DumpError::malformed(name, "a single number", "rows of numbers", "save one row per sample"));
        };
        if fortran && rows > 1 && inner.iter().any(|&axis| axis > 1) {
            return Err(DumpError::malformed(
                name,
                "an array in Fortran order",
                "one in C order, since rows are read as they come",
                "save numpy.ascontiguousarray(x), or name a file",
            ));
        }
        let row_bytes = inner.iter().product::<usize>() * size;
        Ok(Self { input, name: name.to_owned(), dtype, inner: inner.to_vec(), row_bytes, rows, next: 0 })
    }

    /// How many rows the header says.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// No row of the array, but of its width and type: a width that nothing can be done with is to be refused before a row of it is read.
    ///
    /// # Errors
    /// [`DumpError`] if no array can have the shape.
    pub fn no_rows(&self) -> Result<StoredArray, DumpError> {
        self.array(0, Vec::new()).ok_or_else(|| self.other_length("a shape of more bytes than there can be"))
    }

    fn array(&self, rows: usize, bytes: Vec<u8>) -> Option<StoredArray> {
        let shape = std::iter::once(rows).chain(self.inner.iter().copied()).collect();
        StoredArray::new(self.name.clone(), self.dtype.clone(), shape, Arc::new(bytes), 0)
    }

    /// The next rows with the number of the first, waiting for one at least; none at the end.
    ///
    /// # Errors
    /// [`DumpError`] if there are fewer or more bytes than the header says.
    pub fn next_rows(&mut self) -> Result<Option<(usize, StoredArray)>, DumpError> {
        let unread = |error| DumpError::io(&self.name, error);
        if self.next == self.rows {
            let behind = self.input.take(1, 1).map_err(unread)?;
            return if behind.is_empty() { Ok(None) } else { Err(self.other_length("more bytes behind the array")) };
        }
        let most = (MOST / self.row_bytes.max(1)).clamp(1, self.rows - self.next);
        let mut bytes = self.input.take(self.row_bytes, most * self.row_bytes).map_err(unread)?;
        // Rows of no bytes come all at once.
        let rows = bytes.len().checked_div(self.row_bytes).unwrap_or(most);
        self.input.put_back(bytes.split_off(rows * self.row_bytes));
        let ended = || self.other_length(&format!("an end within row {}", self.next));
        let array = self.array(rows, bytes).filter(|_| rows > 0).ok_or_else(ended)?;
        let first = self.next;
        self.next += rows;
        Ok(Some((first, array)))
    }

    fn other_length(&self, found: &str) -> DumpError {
        let shape: Vec<usize> = std::iter::once(self.rows).chain(self.inner.iter().copied()).collect();
        let expected = format!("{} bytes for shape {}", self.rows * self.row_bytes, shape_text(&shape));
        DumpError::malformed(&self.name, found, expected, "write one whole array to the pipe")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::rows::Matrix;

    fn file(rows: usize, data: usize) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 2), }}");
        bytes.extend(format!("{text:117}\n").bytes());
        bytes.extend((0..data).flat_map(|i| (i as f32).to_le_bytes()));
        bytes
    }

    #[test]
    fn rows_come_piece_by_piece_and_a_wrong_length_is_told() {
        let rows = MOST / 8 + 3;
        let bytes = file(rows, 2 * rows);
        let mut stream = NpyStream::open(Cursor::new(bytes), Path::new("-")).unwrap();
        let mut seen = 0;
        while let Some((first, array)) = stream.next_rows().unwrap() {
            assert_eq!(first, seen);
            let matrix = Matrix::new(vec![array]).unwrap();
            assert_eq!(matrix.block(0..1).to_f64()[(0, 1)], (2 * seen + 1) as f64);
            seen += matrix.rows();
        }
        assert_eq!(seen, rows);
        for (data, found) in [(3, "an end within row 1"), (5, "more bytes behind")] {
            let bytes = file(2, data);
            let mut stream = NpyStream::open(Cursor::new(bytes), Path::new("-")).unwrap();
            let error = std::iter::repeat_with(|| stream.next_rows()).find_map(Result::err).unwrap().to_string();
            assert!(error.contains(found), "{error}");
        }
        // What a header claims takes no memory.
        let mut stream = NpyStream::open(Cursor::new(file(1 << 50, 4)), Path::new("-")).unwrap();
        assert_eq!(stream.next_rows().unwrap().unwrap().1.shape, [2, 2]);
        assert!(stream.next_rows().is_err());
    }
}
