//! A logical (n, columns) matrix of floats over one array or several shards, read block by block.

use std::ops::Range;
use std::path::Path;

use ndarray::{Array2, ArrayView2};

use super::array::{self, StoredArray, shape_text};
use super::element::{Dtype, Endian, Float};
use super::error::RowsError;
use crate::numeric::recycled::{Recycle, Recycled, RecycledMatrix};

/// Rows of a matrix, in the narrowest of `f32` and `f64` that holds its elements exactly.
#[derive(Clone, Debug)]
pub enum Rows<'a> {
    /// Elements that came as f16, bf16 or f32.
    F32(Cow2<'a, f32>),
    /// Elements that came as f64.
    F64(Cow2<'a, f64>),
}

/// Rows where they lie in the file, or a copy where the file's order or type is another.
#[derive(Clone, Debug)]
pub enum Cow2<'a, T: Recycle + Default> {
    /// A view of the mapped file.
    Borrowed(ArrayView2<'a, T>),
    /// Converted elements.
    Owned(Array2<T>),
    /// Computed ones, in memory that the thread uses again.
    Recycled(RecycledMatrix<T>),
}

impl<T: Recycle + Default> Cow2<'_, T> {
    /// The rows, in C order.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, T> {
        match self {
            Self::Borrowed(view) => view.view(),
            Self::Owned(array) => array.view(),
            Self::Recycled(array) => array.view(),
        }
    }
}

impl Rows<'_> {
    /// The rows as `f64`.
    #[must_use]
    pub fn to_f64(&self) -> Array2<f64> {
        match self {
            Self::F32(rows) => rows.view().mapv(f64::from),
            Self::F64(rows) => rows.view().to_owned(),
        }
    }

    /// The same in memory that the thread uses again.
    #[must_use]
    pub fn to_recycled(&self) -> RecycledMatrix {
        let (rows, columns) = match self {
            Self::F32(rows) => rows.view().dim(),
            Self::F64(rows) => rows.view().dim(),
        };
        // Rows of a block are in C order, so that all of them are one slice.
        RecycledMatrix::new(rows, columns, |elements| match self {
            Self::F32(rows) => {
                elements.extend(rows.view().as_slice().unwrap_or_default().iter().copied().map(f64::from))
            }
            Self::F64(rows) => elements.extend(rows.view().as_slice().unwrap_or_default()),
        })
    }

    /// Hands every row on as `f64` with its index.
    pub fn for_each(&self, mut take: impl FnMut(usize, &[f64])) {
        let mut wide = Recycled::default();
        match self {
            Self::F32(rows) => {
                for (index, row) in rows.view().rows().into_iter().enumerate() {
                    wide.clear();
                    wide.extend(row.as_slice().unwrap_or_default().iter().copied().map(f64::from));
                    take(index, &wide);
                }
            }
            Self::F64(rows) => {
                for (index, row) in rows.view().rows().into_iter().enumerate() {
                    take(index, row.as_slice().unwrap_or_default());
                }
            }
        }
    }
}

/// A matrix on disk or in memory.
#[derive(Clone, Debug)]
pub struct Matrix {
    shards: Vec<Shard>,
    rows: usize,
    columns: usize,
    /// Members, or patches, that lie side by side in a row; 1 where there is no such axis.
    members: usize,
}

#[derive(Clone, Debug)]
struct Shard {
    array: StoredArray,
    float: Float,
    endian: Endian,
    first_row: usize,
    rows: usize,
}

impl Matrix {
    /// The rows of an array in memory; `name` stands for it in messages.
    ///
    /// ```
    /// use ndarray::array;
    /// use oodbench::rows::Matrix;
    ///
    /// let logits = Matrix::of("logits", array![[1.0_f32, 2.0], [3.0, 4.0]])?;
    /// assert_eq!((logits.rows(), logits.columns()), (2, 2));
    /// assert_eq!(logits.block(1..2).to_f64(), array![[3.0, 4.0]]);
    /// # Ok::<(), oodbench::rows::RowsError>(())
    /// ```
    ///
    /// # Errors
    /// [`RowsError::Malformed`] for an array without columns.
    pub fn of<T: array::Element>(name: impl Into<std::path::PathBuf>, array: Array2<T>) -> Result<Self, RowsError> {
        Self::new(vec![StoredArray::of(name, array)])
    }

    /// One number per row in memory; `name` stands for it in messages.
    ///
    /// # Errors
    /// None: there is one column. The signature is that of [`Matrix::of`].
    pub fn column(name: impl Into<std::path::PathBuf>, numbers: Vec<f64>) -> Result<Self, RowsError> {
        Self::of(name, ndarray::Array1::from(numbers).insert_axis(ndarray::Axis(1)))
    }

    /// Joins arrays of shape (n_i, columns), in this order; (n_i, columns, 1, 1), as pooling over pixels leaves it, is read as well.
    ///
    /// # Errors
    /// [`RowsError::Malformed`] for an array that is not two-dimensional or no float, has no columns, or has another
    /// number of columns than the first.
    pub fn new(arrays: Vec<StoredArray>) -> Result<Self, RowsError> {
        let mut matrix = Self { shards: Vec::with_capacity(arrays.len()), rows: 0, columns: 0, members: 1 };
        for array in arrays {
            let (rows, columns) = match array.shape[..] {
                [rows, columns] | [rows, columns, 1, 1] | [rows, 1, 1, columns] if columns > 0 => (rows, columns),
                _ => {
                    return Err(RowsError::malformed(
                        &array.path,
                        format!("shape {}", shape_text(&array.shape)),
                        "shape (rows, columns)",
                        to_rows(&array.path, &array.shape),
                    ));
                }
            };
            let Dtype::Float(float, endian) = array.dtype else {
                return Err(RowsError::malformed(
                    &array.path,
                    array.dtype.to_string(),
                    "f16, bf16, f32 or f64",
                    "save it as numpy.float32",
                ));
            };
            if !matrix.shards.is_empty() && columns != matrix.columns {
                return Err(RowsError::malformed(
                    &array.path,
                    format!("{columns} columns"),
                    format!("{} columns, as in the first shard", matrix.columns),
                    "dump all shards with one model",
                ));
            }
            matrix.columns = columns;
            matrix.shards.push(Shard { array, float, endian, first_row: matrix.rows, rows });
            matrix.rows += rows;
        }
        Ok(matrix)
    }

    /// Joins arrays of shape (n_i, C), or of shape (n_i, M, C) with the members of an ensemble side by side: the matrix has M·C columns.
    ///
    /// # Errors
    /// [`RowsError::Malformed`] as [`Matrix::new`], and where arrays have another number of members than the first.
    pub fn of_members(arrays: Vec<StoredArray>) -> Result<Self, RowsError> {
        Self::side_by_side(arrays, ["members", "classes"])
    }

    /// Joins arrays of shape (n_i, D), or of shape (n_i, P, D) with the patches of an image side by side: the matrix has P·D columns.
    ///
    /// # Errors
    /// [`RowsError::Malformed`] as [`Matrix::of_members`].
    pub fn of_patches(arrays: Vec<StoredArray>) -> Result<Self, RowsError> {
        Self::side_by_side(arrays, ["patches", "features"])
    }

    fn side_by_side(mut arrays: Vec<StoredArray>, [parts, columns]: [&str; 2]) -> Result<Self, RowsError> {
        let members = arrays.first().map_or(1, members_in);
        if let Some(other) = arrays.iter().find(|array| members_in(array) != members) {
            let found = format!("{} {parts}", members_in(other));
            let remedy = "dump all shards with one model";
            return Err(RowsError::malformed(&other.path, found, format!("{members}, as in the first shard"), remedy));
        }
        for array in &mut arrays {
            if let [rows, members, width] = array.shape[..] {
                if members * width == 0 {
                    return Err(RowsError::malformed(
                        &array.path,
                        format!("shape {}", shape_text(&array.shape)),
                        format!("shape (rows, {parts}, {columns})"),
                        "dump at least one of each",
                    ));
                }
                if array.fortran {
                    let remedy = "save it by numpy.ascontiguousarray";
                    return Err(RowsError::malformed(&array.path, "Fortran order", "C order", remedy));
                }
                array.shape = vec![rows, members * width];
            }
        }
        Ok(Self { members, ..Self::new(arrays)? })
    }

    /// The same rows, taken for those of so many members side by side.
    ///
    /// # Errors
    /// [`RowsError::Malformed`] if the columns are no multiple of it.
    pub fn with_members(self, members: usize) -> Result<Self, RowsError> {
        if members == 0 || !self.columns.is_multiple_of(members) {
            let expected = format!("a multiple of {members} members");
            return Err(RowsError::malformed(
                self.path(),
                format!("{} columns", self.columns),
                expected,
                "give the members side by side",
            ));
        }
        Ok(Self { members, ..self })
    }

    /// Number of members, or patches, that lie side by side in a row; 1 where there is no such axis.
    #[must_use]
    pub fn members(&self) -> usize {
        self.members
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The first file, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.shards.first().map_or(Path::new(""), |shard| &shard.array.path)
    }

    /// Element type of the first shard, for display.
    #[must_use]
    pub fn dtype(&self) -> String {
        self.shards.first().map_or_else(String::new, |shard| shard.array.dtype.to_string())
    }

    /// Number of files the matrix is stored in.
    #[must_use]
    pub fn shard_count(&self) -> usize {
        self.shards.len()
    }

    /// Whether some shard holds 16-bit floats, whose rounding makes ties.
    #[must_use]
    pub fn is_half_precision(&self) -> bool {
        self.shards.iter().any(|shard| shard.float.size() == 2)
    }

    /// The largest relative error of rounding to the stored precision, of the coarsest shard: 2⁻²⁴ for single precision.
    #[must_use]
    pub fn unit_roundoff(&self) -> f64 {
        self.shards.iter().map(|shard| shard.float.unit_roundoff()).fold(0.0, f64::max)
    }

    /// The file a row stands in, and its index there.
    #[must_use]
    pub fn locate(&self, row: usize) -> (&Path, usize) {
        let shard = self.shards.iter().rfind(|shard| shard.first_row <= row && row < shard.first_row + shard.rows);
        shard.map_or((self.path(), row), |shard| (&shard.array.path, row - shard.first_row))
    }

    /// Some consecutive rows; borrowed from the map where the file holds native numbers in C order.
    ///
    /// # Panics
    /// If the range reaches beyond the matrix.
    #[must_use]
    pub fn block(&self, range: Range<usize>) -> Rows<'_> {
        assert!(range.end <= self.rows, "rows {range:?} of {}", self.rows);
        if self.shards.iter().any(|shard| shard.float == Float::F64) {
            Rows::F64(self.typed_block(range))
        } else {
            Rows::F32(self.typed_block(range))
        }
    }

    /// Prepares some rows for being read for the first time, where they lie together.
    pub(super) fn populate(&self, range: Range<usize>) {
        let holds = |shard: &&Shard| shard.first_row <= range.start && range.end <= shard.first_row + shard.rows;
        if let Some(shard) = self.shards.iter().find(holds).filter(|shard| !shard.array.fortran) {
            let row_bytes = self.columns * shard.float.size();
            shard
                .array
                .populate((range.start - shard.first_row) * row_bytes..(range.end - shard.first_row) * row_bytes);
        }
    }

    fn typed_block<T: Element>(&self, range: Range<usize>) -> Cow2<'_, T> {
        if let Some(view) = self.borrow_block(range.clone()) {
            return Cow2::Borrowed(view);
        }
        let mut values = vec![T::default(); range.len() * self.columns];
        for shard in &self.shards {
            let start = range.start.max(shard.first_row);
            let end = range.end.min(shard.first_row + shard.rows);
            if start < end {
                let out = &mut values[(start - range.start) * self.columns..(end - range.start) * self.columns];
                shard.convert(start - shard.first_row..end - shard.first_row, self.columns, out);
            }
        }
        Cow2::Owned(Array2::from_shape_vec((range.len(), self.columns), values).unwrap_or_default())
    }

    fn borrow_block<T: Element>(&self, range: Range<usize>) -> Option<ArrayView2<'_, T>> {
        let shard = self.shards.iter().find(|s| s.first_row <= range.start && range.end <= s.first_row + s.rows)?;
        let native = if cfg!(target_endian = "big") { Endian::Big } else { Endian::Little };
        if shard.float != T::FLOAT || shard.endian != native || shard.array.fortran {
            return None;
        }
        let row_bytes = self.columns * shard.float.size();
        let bytes = &shard.array.bytes()
            [(range.start - shard.first_row) * row_bytes..(range.end - shard.first_row) * row_bytes];
        // SAFETY: every bit pattern is a valid float; `align_to` only hands out the aligned middle.
        let (before, middle, after) = unsafe { bytes.align_to::<T>() };
        if !before.is_empty() || !after.is_empty() {
            return None;
        }
        ArrayView2::from_shape((range.len(), self.columns), middle).ok()
    }
}

/// Members of an ensemble in an array of logits.
fn members_in(array: &StoredArray) -> usize {
    match array.shape[..] {
        [_, members, _] => members,
        _ => 1,
    }
}

/// How an array of another shape becomes one of rows.
fn to_rows(path: &Path, shape: &[usize]) -> &'static str {
    // The member, where it is one of an archive.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_of_logits = name.rsplit('[').next().is_some_and(|name| name.contains("logits"));
    match shape.len() {
        1 if is_of_logits => {
            "ready scores, higher = more in-distribution, are read as logits of one column, x[:, None], with --score max_logit; \
             else save one row of values per sample"
        }
        4 => {
            "pool maps of features over height and width, e.g. x.mean(axis=(2, 3)) where the shape is (rows, channels, height, width)"
        }
        1 => "save a matrix, one row of values per sample (of a head, per class)",
        _ => "reshape it to one row per sample, e.g. x.reshape(len(x), -1)",
    }
}

impl Shard {
    /// Writes rows `range` of this shard into `out`, in C order.
    fn convert<T: Element>(&self, range: Range<usize>, columns: usize, out: &mut [T]) {
        let size = self.float.size();
        let bytes = self.array.bytes();
        if self.array.fortran {
            for column in 0..columns {
                let start = (column * self.rows + range.start) * size;
                let source = bytes[start..start + range.len() * size].chunks_exact(size);
                for (row, element) in source.enumerate() {
                    out[row * columns + column] = T::decode(element, self.float, self.endian);
                }
            }
        } else {
            let source = bytes[range.start * columns * size..range.end * columns * size].chunks_exact(size);
            for (value, element) in out.iter_mut().zip(source) {
                *value = T::decode(element, self.float, self.endian);
            }
        }
    }
}

/// The two types a block is handed on in.
trait Element: array::Element + Recycle + Default {
    /// Reads one element; only called with a type that this one holds exactly.
    fn decode(bytes: &[u8], float: Float, endian: Endian) -> Self;
}

impl Element for f32 {
    fn decode(bytes: &[u8], float: Float, endian: Endian) -> Self {
        float.decode(bytes, endian) as f32
    }
}

impl Element for f64 {
    fn decode(bytes: &[u8], float: Float, endian: Endian) -> Self {
        float.decode(bytes, endian)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_logits_of_one_value_are_taken_for_ready_scores() {
        let advice = |path: &str| to_rows(Path::new(path), &[5]);
        for path in ["id/test/logits.npy", "id/test_logits.npy", "ood/a.npz[logits]", "ood/a/logits-00000.npy"] {
            assert!(advice(path).starts_with("ready scores"), "{path}");
        }
        for path in ["head/weight.npy", "logits/features.npy", "logits.npz[features]"] {
            assert!(advice(path).starts_with("save a matrix"), "{path}");
        }
    }
}
