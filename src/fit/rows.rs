//! The training rows of a run: splits, blocks, labels and head, or what is missing of them.

use std::collections::BTreeSet;
use std::ops::Range;

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::error::FitError;
use super::obstacle::beyond_memory;
use crate::numeric::linalg::LinalgError;
use crate::rows::labels::Labels;
use crate::rows::matrix::Matrix;
use crate::rows::{ArrayKind, Head, Role, RowBlock, RunRows, Split};

/// The training rows of a run.
#[derive(Clone, Copy)]
pub struct TrainingRows<'a> {
    rows: &'a RunRows,
}

impl<'a> TrainingRows<'a> {
    /// The training rows of a run.
    #[must_use]
    pub fn new(rows: &'a RunRows) -> Self {
        Self { rows }
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
        self.rows.split(&Role::Train).ok_or_else(|| self.missing("training rows", "id/train", "features"))
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

    /// An array of a split, or of the head, that a fit reads and that is not there.
    fn missing(&self, what: &'static str, of: &str, array: &str) -> FitError {
        self.missing_at(what, self.rows.origin.array(of, array))
    }

    /// A whole split that a fit reads and that is not there.
    pub(crate) fn missing_split(&self, what: &'static str, role: String) -> FitError {
        self.missing_at(what, role)
    }

    fn missing_at(&self, what: &'static str, name: String) -> FitError {
        let RunRows { place, origin, .. } = self.rows;
        let remedy = origin.either("dump the training set there", "add it to the rows");
        let expected = origin.either(place.join(&name).display().to_string(), name);
        FitError::Missing { place: place.clone(), what, expected, remedy }
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
        self.missing("labels", "id/train", "labels")
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
        let missing = || self.missing("features", &split.role.to_string(), &array.file_stem());
        let features = split.matrix(array).ok_or_else(missing)?;
        Ok((split, features))
    }

    /// The labels of the training split.
    ///
    /// # Errors
    /// [`FitError::Missing`] if there are none.
    pub fn labels(&self) -> Result<&'a Labels, FitError> {
        self.split()?.labels.as_ref().ok_or_else(|| self.missing_labels())
    }

    /// Weight (C, D) and bias (C) of a linear head.
    ///
    /// # Errors
    /// [`FitError::Missing`] if the run has no head or another one.
    pub fn linear_head(&self) -> Result<(&'a Array2<f64>, &'a Array1<f64>), FitError> {
        match &self.rows.head {
            Some(Head::Linear { weight, bias }) => Ok((weight, bias)),
            _ => Err(self.missing("linear head", "head", "weight")),
        }
    }

    /// Embeddings (C, D) of the names of the classes.
    ///
    /// # Errors
    /// [`FitError::Missing`] if the run has none.
    pub fn class_texts(&self) -> Result<&'a Array2<f64>, FitError> {
        let texts = self.rows.texts.as_ref();
        texts.map(|texts| &texts.classes).ok_or_else(|| self.missing("embeddings of class names", "head", "text"))
    }

    /// Embeddings (M, D) of words that name no class.
    ///
    /// # Errors
    /// [`FitError::Missing`] if the run has none.
    pub fn negative_texts(&self) -> Result<&'a Array2<f64>, FitError> {
        let texts = self.rows.texts.as_ref();
        let negatives = texts.and_then(|texts| texts.negatives.as_ref());
        negatives.ok_or_else(|| self.missing("embeddings of negative labels", "head", "negatives"))
    }
}
