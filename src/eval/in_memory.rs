//! Scores of arrays in memory: fitted on rows and applied to rows, without a file.
//!
//! ```
//! use ndarray::array;
//! use oodbench::eval::FittedInMemory;
//! use oodbench::rows::{ArrayKind, Labels, Matrix, Role, RunRows, Split};
//! use oodbench::score::registry::find;
//!
//! let features = Matrix::of("features", array![[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])?;
//! let train = Split::new(Role::Train, "train").with(ArrayKind::Features, features)?;
//! let rows = RunRows::new("arrays", vec![train.with_labels(Labels::of("labels", vec![0, 0, 0, 0]))?], None)?;
//!
//! let score = find("mahalanobis")?;
//! let fitted = FittedInMemory::fit(score, &score.settings(), &rows)?;
//! let new = Matrix::of("new", array![[0.0, 0.0], [2.0, 0.0]])?;
//! let scores = fitted.score(&Split::new(Role::Test, "new").with(ArrayKind::Features, new)?)?;
//! // The class mean is 0 and the covariance 0.5·I: minus the squared distance.
//! assert!(scores[0].abs() < 1e-12 && (scores[1] + 8.0).abs() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::path::PathBuf;

use super::error::{EvalError, PlanError};
use super::fits::FitsError;
use super::score_split::{Scoring, collect};
use crate::fit::{FitError, Training};
use crate::progress::Silent;
use crate::rows::patches::check_patches;
use crate::rows::{ArrayKind, Matrix, RowsError, RunRows, Split};
use crate::score::need::Splits;
use crate::score::{Chosen, FittedScore, Need, ScoreEntry, SettingError, Settings};

/// Arrays in memory that cannot be scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum InMemoryError {
    /// A parameter has no valid value.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The rows are not what they should be.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The rows do not determine the score.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The rows do not allow the scores asked for.
    #[error(transparent)]
    Plan(Box<PlanError>),
    /// The scores cannot be fitted.
    #[error(transparent)]
    Eval(Box<EvalError>),
    /// The fits in a file cannot be used.
    #[error(transparent)]
    Fits(Box<FitsError>),
    /// An array that the score reads is not there.
    #[error("{}: score {score} reads {what}, found none; add the array", place.display())]
    Lacking {
        /// The run or the split.
        place: PathBuf,
        score: &'static str,
        what: String,
    },
}

impl From<PlanError> for InMemoryError {
    fn from(error: PlanError) -> Self {
        Self::Plan(Box::new(error))
    }
}

impl From<EvalError> for InMemoryError {
    fn from(error: EvalError) -> Self {
        Self::Eval(Box::new(error))
    }
}

impl From<FitsError> for InMemoryError {
    fn from(error: FitsError) -> Self {
        Self::Fits(Box::new(error))
    }
}

/// A fitted score together with the rows it was fitted on, which the rows to be scored have to be like.
pub struct FittedInMemory<'a> {
    rows: &'a RunRows,
    /// The score.
    pub score: FittedScore,
}

impl<'a> FittedInMemory<'a> {
    /// Fits a score on the training rows (and validation rows, where the score reads them).
    ///
    /// # Errors
    /// [`InMemoryError`] if an array is missing, not finite, or does not determine the score.
    pub fn fit(entry: &'static ScoreEntry, settings: &Settings, rows: &'a RunRows) -> Result<Self, InMemoryError> {
        let chosen = Chosen::new(entry, settings.clone())?;
        let needs = chosen.score.needs();
        let read: Vec<(&Need, Splits)> = needs.iter().filter_map(|need| Some((need, need.reads(rows)?.0))).collect();
        for need in needs.iter().filter(|need| !read.contains(&(*need, Splits::Scored))) {
            if need.lacking(rows).is_some() {
                let (place, what) = (rows.place.clone(), need.to_string());
                return Err(InMemoryError::Lacking { place, score: entry.id, what });
            }
        }
        for split in rows.splits.iter().filter(|split| !Splits::Scored.of(rows).any(|one| one.role == split.role)) {
            let reads = |of: &Splits| of.of(rows).any(|one| one.role == split.role);
            let arrays = read.iter().filter(|(_, of)| reads(of)).flat_map(|(need, of)| of.arrays([*need], rows));
            split.check_finite(&arrays.collect(), &|_| {})?;
        }
        Ok(Self { rows, score: chosen.fit(&Training::new(rows))? })
    }

    /// The score of every row of a split, higher = more in-distribution; bit-equal whatever the number of threads.
    ///
    /// # Errors
    /// [`InMemoryError`] if an array that the score reads is missing, not finite, or has another width than the one fitted on.
    pub fn score(&self, split: &Split) -> Result<Vec<f64>, InMemoryError> {
        let mut arrays = Splits::Scored.arrays(&self.score.needs, self.rows);
        if arrays.contains(&ArrayKind::Logits) && split.logits.is_none() && self.rows.head.is_some() {
            arrays.insert(ArrayKind::Features);
        }
        for kind in &arrays {
            let Some(matrix) = split.matrix(kind) else {
                let from_head = *kind == ArrayKind::Logits && split.features.is_some() && self.rows.head.is_some();
                if from_head {
                    continue;
                }
                let (place, what) = (split.place.clone(), kind.file_stem());
                return Err(InMemoryError::Lacking { place, score: self.score.entry.id, what });
            };
            self.rows.columns(kind).map_or(Ok(()), |expected| check_columns(matrix, expected))?;
            check_parts(split, kind, self.rows.classes, self.rows.columns(&ArrayKind::Features))?;
        }
        split.check_finite(&arrays, &|_| {})?;
        let scores = &[&self.score];
        let scoring = Scoring { arrays: &arrays, head: self.rows.head.as_ref(), scores, predictions: false };
        Ok(collect(&scoring, split, &split.block_ranges(), &Silent).pop().unwrap_or_default())
    }
}

/// Refuses an array that has not the rows of its split, and parts that lie side by side in a row (members of an ensemble, patches of an image) of another width
/// than a score was fitted on, be they as wide together.
pub(super) fn check_parts(
    split: &Split,
    kind: &ArrayKind,
    classes: Option<usize>,
    features: Option<usize>,
) -> Result<(), RowsError> {
    let Some(matrix) = split.matrix(kind) else { return Ok(()) };
    if matrix.rows() != split.rows {
        let (found, expected) = (format!("{} rows", matrix.rows()), format!("{}, as the split has", split.rows));
        let remedy = "take all arrays of a split from the same samples, in one order";
        return Err(RowsError::malformed(matrix.path(), found, expected, remedy));
    }
    match (kind, classes, features) {
        (ArrayKind::Variant(_), Some(classes), _) => check_classes(matrix, classes),
        (kind, _, Some(features)) if kind.is_patches() => check_patches(matrix, features),
        _ => Ok(()),
    }
}

/// Refuses logits under a name of other classes than those that a score was fitted on.
fn check_classes(matrix: &Matrix, expected: usize) -> Result<(), RowsError> {
    let (members, columns) = (matrix.members(), matrix.columns());
    if columns == members * expected {
        return Ok(());
    }
    let found = format!("{members} members of {} classes", columns / members);
    let expected = format!("{expected} classes, as in the rows that the score was fitted on");
    Err(RowsError::malformed(matrix.path(), found, expected, "take every array from one model"))
}

/// Refuses rows of another width than those that a score was fitted on.
pub(super) fn check_columns(matrix: &Matrix, expected: usize) -> Result<(), RowsError> {
    if matrix.columns() == expected {
        return Ok(());
    }
    let (found, expected) = (matrix.columns(), format!("{expected}, as in the rows that the score was fitted on"));
    Err(RowsError::malformed(matrix.path(), format!("{found} columns"), expected, "take every array from one model"))
}
