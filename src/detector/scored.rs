//! The scores of a split of the run that a detector is made from.

use std::convert::Infallible;

use super::arrays::Arrays;
use super::error::DetectorError;
use super::made_of::MadeOf;
use crate::eval::EvalError;
use crate::eval::score_split::Scoring;
use crate::metric::sample::finite;
use crate::progress::Progress;
use crate::rows::Split;

/// Scores, with predicted classes where they can be told.
pub(super) struct Scored {
    pub(super) scores: Vec<f64>,
    pub(super) predicted: Option<Vec<usize>>,
}

impl Scored {
    /// Scores all rows of a split; every score is finite.
    pub(super) fn of(
        of: &MadeOf<'_>,
        arrays: &Arrays,
        split: &Split,
        progress: &dyn Progress,
    ) -> Result<Self, DetectorError> {
        // Logits that only tell classes have not been through the gate.
        split.check_finite(&arrays.kinds, &|_| {})?;
        let scoring =
            Scoring { arrays: &arrays.kinds, head: of.head, scores: &[&of.score], predictions: arrays.predictions };
        let mut all = Self { scores: Vec::with_capacity(split.rows), predicted: None };
        let Ok(()) = scoring.run(split, progress, |mut batch| {
            all.scores.append(&mut batch.scores[0]);
            if let Some(predicted) = batch.predicted {
                all.predicted.get_or_insert_default().extend(predicted);
            }
            Ok::<(), Infallible>(())
        });
        if let Err(error) = finite(&all.scores) {
            return Err(EvalError::Sample {
                place: split.place.display().to_string(),
                score: of.score.entry.id,
                error,
            }
            .into());
        }
        Ok(all)
    }
}
