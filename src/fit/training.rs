//! The training rows of a run, and what was already learnt from them.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::gaussian::Gaussian;
use super::mean::mean_feature;
use super::principal::PrincipalSpace;
use super::space::Space;
use crate::numeric::linalg::LinalgError;
use crate::rows::labels::Labels;
use crate::rows::matrix::Matrix;
use crate::rows::{ArrayKind, Head, Role, RowBlock, RunRows, Split};

/// A score that cannot be fitted.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// Something a fit reads is missing.
    #[error("{}: no {what} to fit on, expected {}; dump the training set there", folder.display(), folder.join(file).display())]
    Missing {
        /// The run.
        folder: PathBuf,
        /// What is missing.
        what: &'static str,
        /// The file it is read from.
        file: String,
    },
    /// A factorisation failed.
    #[error("{}: {error}", place.display())]
    Linalg {
        /// The training split.
        place: PathBuf,
        /// What failed.
        error: LinalgError,
    },
    /// The rows are there but do not determine the score.
    #[error("{}: score {score} is not applicable: {reason}", place.display())]
    NotApplicable {
        /// The split it is fitted on.
        place: PathBuf,
        /// The score.
        score: &'static str,
        /// Why not, and what would help.
        reason: String,
    },
    /// The squares of the features are beyond the largest number.
    #[error("{}: found features whose squares are beyond 1.8e308, expected squares that can be summed; divide all features by the same number", place.display())]
    TooLarge {
        /// The features, or the training split.
        place: PathBuf,
    },
    /// The training features do not vary.
    #[error("{}: found features that do not vary within any class, expected some variance; dump features of trained layers", place.display())]
    NoVariance {
        /// The features, or the training split.
        place: PathBuf,
    },
}

impl FitError {
    /// Why a score is left out where others go on; without the place, which is the run's.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Missing { file, .. } => format!("it needs {file}"),
            Self::NotApplicable { reason, .. } => reason.clone(),
            Self::Linalg { error, .. } => error.to_string(),
            Self::TooLarge { .. } => {
                "the squares of the training features are beyond 1.8e308; divide all features by the same number"
                    .to_owned()
            }
            Self::NoVariance { .. } => {
                "the training features do not vary within any class; two rows per class that differ are the least"
                    .to_owned()
            }
        }
    }
}

/// Bytes that what a score learns may take.
const MOST_BYTES: usize = 4 << 30;

/// What to say of so many numbers of double precision, a product of three, if they take more memory than a fit may.
pub(crate) fn beyond_memory(what: &str, [a, b, c]: [usize; 3]) -> Option<String> {
    let bytes = a.saturating_mul(b).saturating_mul(c).saturating_mul(size_of::<f64>());
    (bytes > MOST_BYTES).then(|| {
        format!(
            "{what} takes {:.1} GB, more than the {:.1} GB that a fit may",
            bytes as f64 / 1e9,
            MOST_BYTES as f64 / 1e9
        )
    })
}

/// Why scores of the variance within classes cannot be had, as far as labels tell.
pub(crate) fn single_rows(run: &RunRows) -> Option<String> {
    let labels = run.split(&Role::Train)?.labels.as_ref()?;
    let mut seen = BTreeSet::new();
    let single = labels.block(0..labels.len()).into_iter().all(|label| seen.insert(label));
    single.then(|| {
        "no class has two training rows, so nothing varies within classes; dump more rows per class".to_owned()
    })
}

/// The training rows of a run. What several scores learn from them is learnt once.
pub struct Training<'a> {
    rows: &'a RunRows,
    gaussians: RefCell<BTreeMap<(ArrayKind, Space), Rc<Gaussian>>>,
    mean: OnceCell<Array1<f64>>,
    principal: OnceCell<PrincipalSpace>,
}

impl<'a> Training<'a> {
    /// The training rows of a run.
    #[must_use]
    pub fn new(rows: &'a RunRows) -> Self {
        Self { rows, gaussians: RefCell::default(), mean: OnceCell::new(), principal: OnceCell::new() }
    }

    /// All splits of the run, and its head.
    #[must_use]
    pub fn rows(&self) -> &'a RunRows {
        self.rows
    }

    /// The training split.
    ///
    /// # Errors
    /// [`FitError::Missing`] if the run has none.
    pub fn split(&self) -> Result<&'a Split, FitError> {
        self.rows.split(&Role::Train).ok_or_else(|| self.missing("training rows", "id/train/features.npy"))
    }

    /// The validation split, or the training split where there is none.
    ///
    /// # Errors
    /// [`FitError::Missing`] if the run has neither.
    pub fn calibration_split(&self) -> Result<&'a Split, FitError> {
        self.rows.split(&Role::Val).map_or_else(|| self.split(), Ok)
    }

    /// The blocks of a split in order, with the arrays wanted and the range of their rows; logits are made from features and head where
    /// the split has none.
    pub fn blocks(&self, split: &'a Split, wanted: &[ArrayKind]) -> impl Iterator<Item = (Range<usize>, RowBlock<'a>)> {
        let wanted = self.arrays(split, wanted);
        let head = self.rows.head.as_ref();
        split.block_ranges().into_iter().map(move |range| (range.clone(), split.block(range, &wanted, head)))
    }

    /// What `of` makes of every block of a split, in the order of the blocks.
    ///
    /// Blocks are read in parallel, but their results are handed back one by one: a sum over them does not depend on the number of threads.
    pub fn map_blocks<R: Send>(
        &self,
        split: &'a Split,
        wanted: &[ArrayKind],
        of: impl Fn(Range<usize>, &RowBlock<'_>) -> R + Sync,
    ) -> Vec<R> {
        let wanted = self.arrays(split, wanted);
        let head = self.rows.head.as_ref();
        let ranges = split.block_ranges();
        ranges.into_par_iter().map(|range| of(range.clone(), &split.block(range, &wanted, head))).collect()
    }

    /// The arrays to read where these are wanted.
    fn arrays(&self, split: &Split, wanted: &[ArrayKind]) -> BTreeSet<ArrayKind> {
        let mut wanted: BTreeSet<ArrayKind> = wanted.iter().cloned().collect();
        if wanted.contains(&ArrayKind::Logits) && split.logits.is_none() {
            wanted.insert(ArrayKind::Features);
        }
        wanted
    }

    pub(crate) fn missing(&self, what: &'static str, file: impl Into<String>) -> FitError {
        FitError::Missing { folder: self.rows.place.clone(), what, file: file.into() }
    }

    /// The score cannot be had from this run, for a reason that its user can act on.
    pub(crate) fn not_applicable(&self, score: &'static str, reason: String) -> FitError {
        let place = self.rows.split(&Role::Train).map_or(&self.rows.place, |split| &split.place).clone();
        FitError::NotApplicable { place, score, reason }
    }

    /// Refuses a score with a reason, if there is one.
    pub(crate) fn refuse(&self, score: &'static str, reason: Option<String>) -> Result<(), FitError> {
        reason.map_or(Ok(()), |reason| Err(self.not_applicable(score, reason)))
    }

    /// Refuses a score that would keep too much beside the rows, which ends the process on most machines.
    pub(crate) fn within_memory(&self, score: &'static str, what: &str, numbers: [usize; 3]) -> Result<(), FitError> {
        self.refuse(score, beyond_memory(what, numbers))
    }

    /// A factorisation of training rows has failed.
    pub(crate) fn failed(&self, error: LinalgError) -> FitError {
        FitError::Linalg { place: self.rows.place.clone(), error }
    }

    pub(crate) fn missing_labels(&self) -> FitError {
        self.missing("labels", "id/train/labels.npy")
    }

    /// The training split and its features.
    ///
    /// # Errors
    /// [`FitError::Missing`] if there are none.
    pub fn features(&self) -> Result<(&'a Split, &'a Matrix), FitError> {
        self.features_of(&ArrayKind::Features)
    }

    /// The training split and an array of features: those before the head, or those of a named layer.
    ///
    /// # Errors
    /// [`FitError::Missing`] if there is none.
    pub fn features_of(&self, array: &ArrayKind) -> Result<(&'a Split, &'a Matrix), FitError> {
        let split = self.split()?;
        let file = || format!("{}/{}.npy", split.role, array.file_stem());
        let features = split.matrix(array).ok_or_else(|| self.missing("features", file()))?;
        Ok((split, features))
    }

    /// The labels of the training split.
    ///
    /// # Errors
    /// [`FitError::Missing`] if there are none.
    pub fn labels(&self) -> Result<&'a Labels, FitError> {
        self.split()?.labels.as_ref().ok_or_else(|| self.missing_labels())
    }

    /// Mean and covariance of the training features, as they are or normalised.
    ///
    /// # Errors
    /// [`FitError`] if features are missing, or do not vary.
    pub fn gaussian(&self, space: Space) -> Result<Rc<Gaussian>, FitError> {
        self.gaussian_of(&ArrayKind::Features, space)
    }

    /// The same of any array of features, such as a named layer.
    ///
    /// # Errors
    /// [`FitError`] if the array is missing, or does not vary.
    pub fn gaussian_of(&self, array: &ArrayKind, space: Space) -> Result<Rc<Gaussian>, FitError> {
        let key = (array.clone(), space);
        if let Some(fitted) = self.gaussians.borrow().get(&key) {
            return Ok(Rc::clone(fitted));
        }
        let fitted = Rc::new(Gaussian::fit(self, array, space)?);
        self.gaussians.borrow_mut().insert(key, Rc::clone(&fitted));
        Ok(fitted)
    }

    /// Weight (C, D) and bias (C) of a linear head.
    ///
    /// # Errors
    /// [`FitError::Missing`] if the run has no head or another one.
    pub fn linear_head(&self) -> Result<(&'a Array2<f64>, &'a Array1<f64>), FitError> {
        match &self.rows.head {
            Some(Head::Linear { weight, bias }) => Ok((weight, bias)),
            _ => Err(self.missing("linear head", "head/weight.npy")),
        }
    }

    /// The mean training feature (D).
    ///
    /// # Errors
    /// [`FitError`] if features are missing.
    pub fn mean(&self) -> Result<&Array1<f64>, FitError> {
        once(&self.mean, || mean_feature(self))
    }

    /// Principal directions of the training features about the origin of a linear head.
    ///
    /// # Errors
    /// [`FitError`] if features or linear head are missing, or nothing varies.
    pub fn principal(&self) -> Result<&PrincipalSpace, FitError> {
        once(&self.principal, || PrincipalSpace::fit(self))
    }
}

/// What a cell holds, learnt at the first call.
fn once<T>(cell: &OnceCell<T>, fit: impl FnOnce() -> Result<T, FitError>) -> Result<&T, FitError> {
    if let Some(fitted) = cell.get() {
        return Ok(fitted);
    }
    let fitted = fit()?;
    Ok(cell.get_or_init(|| fitted))
}
