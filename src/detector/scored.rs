//! The scores of a split of the run that a detector is made from.

use std::convert::Infallible;

use super::arrays::Arrays;
use super::error::DetectorError;
use crate::eval::score_split::Scoring;
use crate::eval::{EvalError, Plan};
use crate::metric::sample::finite;
use crate::progress::Progress;
use crate::rows::Split;
use crate::score::FittedScore;

/// Scores, with predicted classes where they can be told.
pub(super) struct Scored {
    pub(super) scores: Vec<f64>,
    pub(super) predicted: Option<Vec<usize>>,
}

impl Scored {
    /// Scores all rows of a split; every score is finite.
    pub(super) fn of(
        plan: &Plan<'_>,
        score: &FittedScore,
        arrays: &Arrays,
        split: &Split,
        progress: &dyn Progress,
    ) -> Result<Self, DetectorError> {
        // Logits that only tell classes have not been through the gate.
        split.check_finite(&arrays.kinds, &|_| {})?;
        let scoring = Scoring {
            arrays: &arrays.kinds,
            head: plan.dump.head.as_ref(),
            scores: &[score],
            predictions: arrays.predictions,
        };
        let mut all = Self { scores: Vec::with_capacity(split.rows), predicted: None };
        let Ok(()) = scoring.run(split, progress, |mut batch| {
            all.scores.append(&mut batch.scores[0]);
            if let Some(predicted) = batch.predicted {
                all.predicted.get_or_insert_default().extend(predicted);
            }
            Ok::<(), Infallible>(())
        });
        if let Err(error) = finite(&all.scores) {
            return Err(
                EvalError::Sample { place: split.place.display().to_string(), score: score.entry.id, error }.into()
            );
        }
        Ok(all)
    }
}
