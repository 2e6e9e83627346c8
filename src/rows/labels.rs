//! Class labels of a split, of any integer type, read from the map when asked for.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::array::{StoredArray, shape_text};
use super::element::{Dtype, Endian};
use super::error::RowsError;

/// Integer labels of `len` samples, over one array or several shards.
#[derive(Clone, Debug)]
pub struct Labels {
    shards: Vec<StoredArray>,
    len: usize,
}

impl Labels {
    /// Class indices in memory; `name` stands for them in messages.
    #[must_use]
    pub fn of(name: impl Into<PathBuf>, labels: Vec<i64>) -> Self {
        let len = labels.len();
        let endian = if cfg!(target_endian = "big") { Endian::Big } else { Endian::Little };
        let array = StoredArray::new(name.into(), Dtype::Signed(8, endian), vec![len], Arc::new(labels), 0);
        Self { shards: array.into_iter().collect(), len }
    }

    /// Joins label arrays of shape (n_i,) or (n_i, 1), in this order.
    ///
    /// # Errors
    /// [`RowsError::Malformed`] for another shape or a type that is no integer.
    pub fn new(shards: Vec<StoredArray>) -> Result<Self, RowsError> {
        let mut len = 0;
        for array in &shards {
            match array.shape[..] {
                [n] | [n, 1] => len += n,
                _ => {
                    let several = has_several_classes(array);
                    return Err(RowsError::malformed(
                        &array.path,
                        format!(
                            "shape {}{}",
                            shape_text(&array.shape),
                            if several { ", several classes per row" } else { "" }
                        ),
                        "shape (rows,), one class index per row",
                        if several {
                            "rows of several classes have no single label: remove the file, only scores that are fitted on classes need it"
                        } else {
                            "save the class indices, e.g. labels.argmax(axis=1) of one-hot rows, or remove the file if no score needs it"
                        },
                    ));
                }
            }
            if matches!(array.dtype, Dtype::Float(..)) {
                return Err(RowsError::malformed(
                    &array.path,
                    array.dtype.to_string(),
                    "integers",
                    "save labels.astype(numpy.int64)",
                ));
            }
        }
        Ok(Self { shards, len })
    }

    /// Number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first file, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.shards.first().map_or(Path::new(""), |array| &array.path)
    }

    /// The file a label stands in, and its row there.
    fn locate(&self, row: usize) -> (&Path, usize) {
        let mut first = 0;
        for array in &self.shards {
            let rows = array.shape[0];
            if row < first + rows {
                return (&array.path, row - first);
            }
            first += rows;
        }
        (self.path(), row)
    }

    /// Element type of the first shard, for display.
    #[must_use]
    pub fn dtype(&self) -> String {
        self.shards.first().map_or_else(String::new, |array| array.dtype.to_string())
    }

    /// Number of files the labels are stored in.
    #[must_use]
    pub fn shard_count(&self) -> usize {
        self.shards.len()
    }

    /// The labels of some consecutive samples.
    #[must_use]
    pub fn block(&self, range: Range<usize>) -> Vec<i64> {
        let mut out = Vec::with_capacity(range.len());
        let mut first = 0;
        for array in &self.shards {
            let rows = array.shape[0];
            let start = range.start.clamp(first, first + rows) - first;
            let end = range.end.clamp(first, first + rows) - first;
            let size = array.dtype.size().unwrap_or(1);
            out.extend(
                array.bytes()[start * size..end * size].chunks_exact(size).map(|b| array.dtype.decode_integer(b)),
            );
            first += rows;
        }
        out
    }

    /// Refuses labels outside `0..classes`, and negative ones where nobody has counted the classes.
    ///
    /// # Errors
    /// [`RowsError::Malformed`] with the first such label.
    pub fn check_range(&self, classes: Option<usize>) -> Result<(), RowsError> {
        let mut row = 0;
        while row < self.len {
            let end = self.len.min(row + 65_536);
            let block = self.block(row..end);
            let is_outside = |&label: &i64| match usize::try_from(label) {
                Ok(label) => classes.is_some_and(|classes| label >= classes),
                Err(_) => true,
            };
            if let Some(at) = block.iter().position(is_outside) {
                let (path, at_row) = self.locate(row + at);
                return Err(RowsError::malformed(
                    path,
                    format!("label {} at row {at_row}", block[at]),
                    match classes {
                        None => "labels from 0".to_owned(),
                        Some(classes) => format!("labels from 0 to {}", classes.saturating_sub(1)),
                    },
                    "labels must be the class indices the logits are ordered by",
                ));
            }
            row = end;
        }
        Ok(())
    }
}

/// Rows looked at to tell labels of one class from labels of several.
const SAMPLE: usize = 1000;

/// Whether some of the first rows of a matrix of labels mark no class or more than one.
fn has_several_classes(array: &StoredArray) -> bool {
    let ([rows, columns], Some(size)) = (&array.shape[..], array.dtype.size()) else { return false };
    let (across, down) = if array.fortran { (*rows, 1) } else { (1, *columns) };
    let is_marked = |at: usize| array.bytes()[at * size..(at + 1) * size].iter().any(|&byte| byte != 0);
    let classes = |row: usize| (0..*columns).filter(|column| is_marked(row * down + column * across)).count();
    (0..SAMPLE.min(*rows)).any(|row| classes(row) != 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_label_is_told_with_its_file_and_its_row_there() {
        let shard = |name: &str, labels: &[i64]| {
            let bytes = Arc::new(labels.to_vec());
            StoredArray::new(name.into(), Dtype::parse("<i8"), vec![labels.len()], bytes, 0).unwrap()
        };
        let labels = Labels::new(vec![shard("labels-0.npy", &[0, 1]), shard("labels-1.npy", &[1, 0, 7])]).unwrap();
        assert!(labels.check_range(Some(8)).is_ok());
        let error = labels.check_range(Some(2)).unwrap_err().to_string();
        assert!(error.starts_with("labels-1.npy: found label 7 at row 2, expected labels from 0 to 1"), "{error}");
        let error = Labels::of("labels", vec![0, -1]).check_range(None).unwrap_err().to_string();
        assert!(error.starts_with("labels: found label -1 at row 1, expected labels from 0; "), "{error}");
    }
}
