//! A fitted score with a threshold: decides rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::calibration::{Calibration, p_value};
use super::description::Description;
use super::error::RowError;
use super::input::Input;
use super::row::Row;
use crate::rows::{ArrayKind, Head, RowBlock};
use crate::score::FittedScore;

/// A score, what it learnt, the head if it reads one, and a threshold with what it promises. May be used from any number of threads at once.
pub struct Detector {
    /// What it is, as in its file.
    pub description: Description,
    pub(super) score: Arc<FittedScore>,
    pub(super) head: Option<Head>,
    pub(super) inputs: Vec<Input>,
    pub(super) calibration: Calibration,
    /// One, or one per class.
    pub(super) thresholds: Vec<f64>,
}

/// What was decided of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// The score, higher = more in-distribution.
    pub score: f64,
    /// The share of ID rows that score as low, (1 + #{c ≤ score})/(n + 1).
    pub p_value: f64,
    /// Whether the score is below the threshold: the row is taken for OOD.
    pub flagged: bool,
    /// The predicted class, if the row has logits or the detector makes them.
    pub predicted: Option<usize>,
}

impl Detector {
    /// Decides one row. The same row gives the same bits in `apply` and in `score`.
    ///
    /// # Errors
    /// [`RowError`] if the row is not like those of the calibration, or has no finite score: neither can be said to be in-distribution, and whoever
    /// calls decides what to do with it.
    pub fn decide(&self, row: &Row<'_>) -> Result<Decision, RowError> {
        row.check(&self.inputs)?;
        let block = row.block(&self.inputs, self.head.as_ref());
        let mut score = [f64::NAN];
        self.score.scorer.score_block(&block, &mut score);
        let has_logits = row.read(&self.inputs, &ArrayKind::Logits).is_some();
        let predicted = (has_logits || self.makes_logits()).then(|| block.tops()[0].index);
        self.judge(score[0], predicted).ok_or(RowError::Score)
    }

    /// What a score means; `None` if it is not finite.
    pub(super) fn judge(&self, score: f64, predicted: Option<usize>) -> Option<Decision> {
        let group = if self.is_per_class() { predicted.filter(|class| *class < self.thresholds.len())? } else { 0 };
        let flagged = score < self.thresholds[group];
        let p_value = p_value(self.calibration.group(group), score);
        score.is_finite().then_some(Decision { score, p_value, flagged, predicted })
    }

    /// Scores a block of rows, and tells their predicted classes where they can be told.
    pub(super) fn score_block(&self, block: &RowBlock<'_>, has_logits: bool) -> (Vec<f64>, Option<Vec<usize>>) {
        let mut scores = vec![f64::NAN; block.rows()];
        self.score.scorer.score_block(block, &mut scores);
        let told = has_logits || self.makes_logits();
        (scores, told.then(|| block.tops().iter().map(|top| top.index).collect()))
    }

    /// The arrays it reads of new rows.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The arrays that are read of rows that have them.
    pub(super) fn arrays(&self) -> BTreeSet<ArrayKind> {
        self.inputs.iter().map(|input| input.kind.clone()).collect()
    }

    /// The calibration scores.
    #[must_use]
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// The threshold, or one per class: a row is flagged if its score is below.
    #[must_use]
    pub fn thresholds(&self) -> &[f64] {
        &self.thresholds
    }

    /// What scores the rows.
    #[must_use]
    pub fn score(&self) -> &FittedScore {
        &self.score
    }

    /// The head, if one is part of the detector.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Whether each predicted class has a threshold of its own.
    #[must_use]
    pub fn is_per_class(&self) -> bool {
        self.description.per_class
    }

    /// Whether logits are made from features, because the score or the threshold needs them.
    pub(super) fn makes_logits(&self) -> bool {
        self.description.makes_logits
    }
}
