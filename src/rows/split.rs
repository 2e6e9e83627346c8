//! Rows that belong together: logits, features and labels of the same samples.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use super::array::StoredArray;
use super::block::RowBlock;
use super::check;
use super::error::RowsError;
use super::head::Head;
use super::labels::Labels;
use super::matrix::Matrix;
use super::origin::Origin;
use super::role::{ArrayKind, Role};
use crate::numeric::checksum::Checksum;

/// One split of a run.
#[derive(Debug)]
pub struct Split {
    /// What it is for.
    pub role: Role,
    /// Where it was found, or a name for it.
    pub place: PathBuf,
    /// Whether that is a place of files.
    pub origin: Origin,
    /// Number of rows.
    pub rows: usize,
    /// Logits (rows, C).
    pub logits: Option<Matrix>,
    /// Features (rows, D).
    pub features: Option<Matrix>,
    /// Class labels (rows).
    pub labels: Option<Labels>,
    /// Features of further layers (rows, D_l), or (rows, P·D) of P patches side by side.
    pub layers: BTreeMap<String, Matrix>,
    /// Scores that somebody else computed (rows, 1).
    pub scores: BTreeMap<String, Matrix>,
    /// Logits under a name (rows, C), or (rows, M·C) of M members side by side.
    pub variants: BTreeMap<String, Matrix>,
    /// What is kept of the Gram matrices of layers (rows, K·C_l).
    pub grams: BTreeMap<String, Matrix>,
}

/// Elements of a block: about 1 MB of `f32`, which stays in a core's second-level cache.
const BLOCK_ELEMENTS: usize = 1 << 18;

/// Rows that are read together of a split whose widest array has so many columns. A score of features may have other last digits where the rows beside a row
/// are others, so whoever scores some rows of a split has to cut between blocks.
///
/// # Panics
/// If there are no columns.
#[must_use]
pub fn rows_per_block(columns: usize) -> usize {
    (BLOCK_ELEMENTS / columns).max(16)
}

impl Split {
    /// A split without arrays yet, to be given arrays in memory; `place` stands for it in messages.
    #[must_use]
    pub fn new(role: Role, place: impl Into<PathBuf>) -> Self {
        Self {
            role,
            place: place.into(),
            origin: Origin::Memory,
            rows: 0,
            logits: None,
            features: None,
            labels: None,
            layers: BTreeMap::new(),
            scores: BTreeMap::new(),
            variants: BTreeMap::new(),
            grams: BTreeMap::new(),
        }
    }

    /// A split without arrays yet, to be given those of files at `place`.
    pub(crate) fn of_files(role: Role, place: impl Into<PathBuf>) -> Self {
        Self { origin: Origin::Files, ..Self::new(role, place) }
    }

    /// The same rows with a matrix of them.
    ///
    /// # Errors
    /// [`RowsError::Malformed`] if it has no rows, or another number of rows than the arrays before it.
    pub fn with(mut self, kind: ArrayKind, matrix: Matrix) -> Result<Self, RowsError> {
        match kind {
            ArrayKind::Logits => self.logits = Some(matrix),
            ArrayKind::Features => self.features = Some(matrix),
            ArrayKind::Layer(name) => {
                self.layers.insert(name, matrix);
            }
            ArrayKind::Score(name) => {
                self.scores.insert(name, one_column(matrix)?);
            }
            ArrayKind::Variant(name) => {
                self.variants.insert(name, matrix);
            }
            ArrayKind::Gram(layer) => {
                self.grams.insert(layer, matrix);
            }
            ArrayKind::Labels => {
                return Err(RowsError::malformed(matrix.path(), "a matrix", "labels", "pass them to with_labels"));
            }
        }
        self.check_rows()?;
        Ok(self)
    }

    /// The same rows with their class labels.
    ///
    /// # Errors
    /// [`RowsError::Malformed`] if their number is not that of the rows, [`RowsError::Missing`] if there are no rows yet.
    pub fn with_labels(mut self, labels: Labels) -> Result<Self, RowsError> {
        self.labels = Some(labels);
        self.check_rows()?;
        Ok(self)
    }

    /// All arrays of a split have the same, positive number of rows.
    pub(crate) fn check_rows(&mut self) -> Result<(), RowsError> {
        let matrices = self.logits.iter().chain(&self.features).chain(self.layers.values()).chain(self.scores.values());
        let matrices = matrices.chain(self.variants.values()).chain(self.grams.values());
        let mut counts: Vec<_> = matrices.map(|matrix| (matrix.path(), matrix.rows())).collect();
        if counts.is_empty() {
            return Err(RowsError::Missing {
                path: self.origin.either(self.place.join("logits.npy"), self.place.clone()),
                expected: format!("logits or features of {}", self.role),
                remedy: self.origin.either("dump them there", "give them to the split before its labels").to_owned(),
            });
        }
        counts.extend(self.labels.as_ref().map(|labels| (labels.path(), labels.len())));
        let (first_path, rows) = counts[0];
        if rows == 0 {
            return Err(RowsError::malformed(
                first_path,
                "no rows",
                "at least one row",
                self.origin.either("dump the split again or remove it", "leave the split out"),
            ));
        }
        if let Some((path, other)) = counts.iter().find(|(_, count)| *count != rows) {
            return Err(RowsError::malformed(
                *path,
                format!("{other} rows"),
                format!("{rows}, as in {}", first_path.display()),
                self.origin.either(
                    "dump all arrays of a split in one pass, without shuffling",
                    "take all arrays of a split from the same samples, in one order",
                ),
            ));
        }
        self.rows = rows;
        Ok(())
    }

    /// Whether there is one label per row.
    pub(crate) fn check_labels(&self, labels: &Labels) -> Result<(), RowsError> {
        if labels.len() == self.rows {
            return Ok(());
        }
        Err(RowsError::malformed(
            labels.path(),
            format!("{} rows", labels.len()),
            format!("{}, as the other arrays of {} have", self.rows, self.role),
            "dump all arrays of a split in one pass, without shuffling",
        ))
    }

    /// Whether its rows are out of distribution.
    #[must_use]
    pub fn is_ood(&self) -> bool {
        matches!(self.role, Role::Ood { .. } | Role::ValOod { .. })
    }

    /// Refuses NaN and infinite values in the arrays named; the last step of the gate. `seen` is told of rows looked at, array
    /// by array, from any thread.
    ///
    /// # Errors
    /// [`RowsError::NotFinite`].
    pub fn check_finite(&self, arrays: &BTreeSet<ArrayKind>, seen: &(dyn Fn(usize) + Sync)) -> Result<(), RowsError> {
        arrays.iter().filter_map(|kind| self.matrix(kind)).try_for_each(|matrix| check::finite(matrix, seen))
    }

    /// As [`Split::check_finite`], and tells the checksums of the arrays that are there, labels among them.
    ///
    /// # Errors
    /// [`RowsError::NotFinite`].
    pub fn check_with_checksums(
        &self,
        arrays: &BTreeSet<ArrayKind>,
        seen: &(dyn Fn(usize) + Sync),
    ) -> Result<Vec<(ArrayKind, Checksum)>, RowsError> {
        let mut found = Vec::with_capacity(arrays.len());
        for kind in arrays {
            let checksum = match self.matrix(kind) {
                Some(matrix) => Some(check::finite_with_checksum(matrix, seen)?),
                None => self.checksum(kind),
            };
            found.extend(checksum.map(|checksum| (kind.clone(), checksum)));
        }
        Ok(found)
    }

    /// The matrices there are.
    #[must_use]
    pub fn arrays(&self) -> BTreeSet<ArrayKind> {
        let mut arrays: BTreeSet<ArrayKind> = self.layers.keys().cloned().map(ArrayKind::Layer).collect();
        arrays.extend(self.scores.keys().cloned().map(ArrayKind::Score));
        arrays.extend(self.variants.keys().cloned().map(ArrayKind::Variant));
        arrays.extend(self.grams.keys().cloned().map(ArrayKind::Gram));
        arrays.extend(self.logits.as_ref().map(|_| ArrayKind::Logits));
        arrays.extend(self.features.as_ref().map(|_| ArrayKind::Features));
        arrays
    }

    /// The array of a kind, if the split has it and it is a matrix.
    #[must_use]
    pub fn matrix(&self, kind: &ArrayKind) -> Option<&Matrix> {
        match kind {
            ArrayKind::Logits => self.logits.as_ref(),
            ArrayKind::Features => self.features.as_ref(),
            ArrayKind::Layer(name) => self.layers.get(name),
            ArrayKind::Score(name) => self.scores.get(name),
            ArrayKind::Variant(name) => self.variants.get(name),
            ArrayKind::Gram(layer) => self.grams.get(layer),
            ArrayKind::Labels => None,
        }
    }

    /// The ranges of rows that are read together, in order. Of members of an ensemble, and of patches, the columns of one count, those of Gram matrices do not: where scores
    /// read none of them, they change nothing.
    #[must_use]
    pub fn block_ranges(&self) -> Vec<Range<usize>> {
        let matrices =
            self.logits.iter().chain(&self.features).chain(self.layers.values()).chain(self.variants.values());
        let of_one = matrices.map(|matrix| matrix.columns() / matrix.members());
        let step = rows_per_block(of_one.max().unwrap_or(1));
        (0..self.rows.div_ceil(step)).map(|block| block * step..self.rows.min((block + 1) * step)).collect()
    }

    /// Some consecutive rows of the arrays that are wanted.
    ///
    /// # Panics
    /// If the range reaches beyond the split.
    #[must_use]
    pub fn block<'a>(
        &'a self,
        range: Range<usize>,
        wanted: &BTreeSet<ArrayKind>,
        head: Option<&'a Head>,
    ) -> RowBlock<'a> {
        let read =
            |kind: ArrayKind| self.matrix(&kind).filter(|_| wanted.contains(&kind)).map(|m| m.block(range.clone()));
        let block = RowBlock::new(range.len(), read(ArrayKind::Logits), read(ArrayKind::Features), head);
        wanted.iter().fold(block, |block, kind| {
            let Some(matrix) = self.matrix(kind) else { return block };
            match kind {
                ArrayKind::Layer(name) => block.with_layer(name, matrix.block(range.clone())),
                ArrayKind::Score(name) => block.with_score(name, matrix.block(range.clone())),
                ArrayKind::Variant(name) => block.with_variant(name, matrix.block(range.clone())),
                ArrayKind::Gram(layer) => block.with_gram(layer, matrix.block(range.clone())),
                ArrayKind::Logits | ArrayKind::Features | ArrayKind::Labels => block,
            }
        })
    }
}

/// The matrix of the arrays of a kind, one below the other. A score may also be one number per row, as NumPy saves it.
pub(crate) fn matrix_of(kind: &ArrayKind, mut arrays: Vec<StoredArray>) -> Result<Matrix, RowsError> {
    if let ArrayKind::Score(_) = kind {
        arrays.iter_mut().filter(|array| array.shape.len() == 1).for_each(|array| array.shape.push(1));
        return one_column(Matrix::new(arrays)?);
    }
    if let ArrayKind::Variant(_) = kind {
        return Matrix::of_members(arrays);
    }
    if kind.is_patches() {
        return Matrix::of_patches(arrays);
    }
    Matrix::new(arrays)
}

/// A matrix of scores: one for each row.
fn one_column(matrix: Matrix) -> Result<Matrix, RowsError> {
    if matrix.columns() == 1 {
        return Ok(matrix);
    }
    Err(RowsError::malformed(
        matrix.path(),
        format!("{} columns", matrix.columns()),
        "one score per row, shape (rows,)",
        "save each score as a file of its own, scores@<name>.npy",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn members_do_not_change_the_blocks_of_other_scores() {
        let logits = Matrix::of("logits", Array2::<f32>::zeros((6000, 100))).unwrap();
        let alone = Split::new(Role::Test, "memory").with(ArrayKind::Logits, logits).unwrap();
        let expected = alone.block_ranges();
        assert_eq!(expected[0], 0..BLOCK_ELEMENTS / 100);
        let members = Matrix::of("members", Array2::<f32>::zeros((6000, 1000))).unwrap().with_members(10).unwrap();
        let split = alone.with(ArrayKind::Variant("members".to_owned()), members).unwrap();
        assert_eq!(split.block_ranges(), expected);
    }
}
