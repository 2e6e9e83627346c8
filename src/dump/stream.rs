//! An array of a dump that is written as its rows come, where all of them together may not fit into memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ndarray_npy::write_zeroed_npy;

use crate::error::FileError;
use crate::output::make_folder;

/// A `.npy` file of single precision in the making.
#[derive(Debug)]
pub struct RowStream {
    file: BufWriter<File>,
    /// The name that the user knows.
    name: PathBuf,
    columns: usize,
    /// Rows that are still to come.
    left: usize,
}

impl RowStream {
    /// Starts a file of that many rows and columns, as long as it will be.
    pub(super) fn create(path: &Path, name: PathBuf, [rows, columns]: [usize; 2]) -> Result<Self, FileError> {
        let start = || -> io::Result<File> {
            path.parent().map_or(Ok(()), make_folder)?;
            let file = File::create_new(path)?;
            // Stands behind the header afterwards.
            write_zeroed_npy::<f32, _>(&file, (rows, columns)).map_err(io::Error::other)?;
            Ok(file)
        };
        let file = start().map_err(FileError::writing(&name))?;
        Ok(Self { file: BufWriter::new(file), name, columns, left: rows })
    }

    /// Rows that are still to come.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left
    }

    /// Adds whole rows, one after the other.
    ///
    /// # Errors
    /// [`FileError`] if they cannot be written, are no whole rows, or are more than there is room for.
    pub fn push(&mut self, values: impl IntoIterator<Item = f32>) -> Result<(), FileError> {
        let mut count = 0;
        for value in values {
            count += 1;
            self.file.write_all(&value.to_ne_bytes()).map_err(FileError::writing(&self.name))?;
        }
        let rows = count / self.columns.max(1);
        if rows * self.columns != count || rows > self.left {
            let found = format!("{count} numbers, expected rows of {} and at most {} of them", self.columns, self.left);
            return Err(FileError::writing(&self.name)(io::Error::other(found)));
        }
        self.left -= rows;
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`FileError`] if it cannot be written, or rows are missing.
    pub fn finish(mut self) -> Result<(), FileError> {
        let missing = || io::Error::other(format!("{} rows are missing", self.left));
        let ended = if self.left == 0 { self.file.flush() } else { Err(missing()) };
        ended.map_err(FileError::writing(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use crate::dump::layout::discover;
    use crate::dump::{Dump, DumpWriter};
    use crate::rows::{ArrayKind, Matrix, Role, Split};
    use ndarray::{Array2, arr2};

    fn ood(name: &str) -> Role {
        Role::Ood { group: None, name: name.to_owned() }
    }

    /// Rows that come in parts are read back as one array; those that do not come, and too many, are refused.
    #[test]
    fn an_array_is_written_as_its_rows_come() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        let kind = ArrayKind::Gram("block1".to_owned());
        let writer = DumpWriter::create(&out, false).unwrap();
        let mut rows = writer.rows(&Role::Test, &kind, [3, 2]).unwrap();
        rows.push([1.0, 2.0]).unwrap();
        rows.push([3.0, 4.0, 5.0, 6.0]).unwrap();
        let more = rows.push([7.0, 8.0]).unwrap_err().to_string();
        assert!(more.contains("gram@block1.npy") && more.contains("expected rows of 2 and at most 0"), "{more}");
        let mut rows = writer.rows(&ood("far"), &kind, [2, 2]).unwrap();
        assert!(rows.push([1.0]).unwrap_err().to_string().contains("expected rows of 2"));
        let mut rows = writer.rows(&ood("near"), &kind, [2, 2]).unwrap();
        rows.push([1.0, 2.0]).unwrap();
        assert!(rows.finish().unwrap_err().to_string().contains("1 rows are missing"));

        let writer = DumpWriter::create(&out, false).unwrap();
        for (role, count) in [(Role::Test, 3), (ood("far"), 1)] {
            let mut rows = writer.rows(&role, &kind, [count, 2]).unwrap();
            (0..count).for_each(|row| rows.push([row as f32, -0.5]).unwrap());
            rows.finish().unwrap();
            let logits = Matrix::of("logits", Array2::<f32>::zeros((count, 4))).unwrap();
            writer.split(&Split::new(role, "memory").with(ArrayKind::Logits, logits).unwrap()).unwrap();
        }
        writer.commit().unwrap();
        let dump = Dump::open(&discover(&out).unwrap()[0]).unwrap();
        let found = dump.split(&Role::Test).unwrap().matrix(&kind).unwrap().block(0..3).to_f64();
        assert_eq!(found, arr2(&[[0.0, -0.5], [1.0, -0.5], [2.0, -0.5]]));
    }
}
