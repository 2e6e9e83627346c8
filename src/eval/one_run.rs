//! The raw scores of one run, for figures.

use std::convert::Infallible;

use super::error::EvalError;
use super::fits;
use super::plan::Plan;
use super::score_split::Scoring;
use crate::progress::Progress;
use crate::rows::{Role, Split};
use crate::score::FittedScore;
use crate::score::need::Splits;

/// Scores of one split.
#[derive(Clone, Debug)]
pub struct SplitScores {
    /// The split.
    pub role: Role,
    /// Per planned score its values, in the order of rows.
    pub scores: Vec<Vec<f64>>,
}

/// Scores id/test and every OOD set of a run by every planned score.
///
/// # Errors
/// [`EvalError::Fit`] if a score cannot be fitted.
pub fn score_run(plan: &Plan<'_>, progress: &dyn Progress) -> Result<Vec<SplitScores>, EvalError> {
    let scores = fits::fit(plan)?.scores;
    let all_rows =
        |split: &Split| SplitScores { role: split.role.clone(), scores: score_rows(plan, &scores, split, progress) };
    Ok(Splits::Scored.of(&plan.dump).map(all_rows).collect())
}

/// Per fitted score its values, in the order of rows.
pub(super) fn score_rows(
    plan: &Plan<'_>,
    scores: &[FittedScore],
    split: &Split,
    progress: &dyn Progress,
) -> Vec<Vec<f64>> {
    let arrays = plan.arrays(&Splits::Scored);
    let scoring = Scoring { arrays: &arrays, head: plan.dump.head.as_ref(), scores, predictions: false };
    collect(&scoring, split, progress)
}

/// Per score its values of a whole split.
pub(super) fn collect(scoring: &Scoring<'_>, split: &Split, progress: &dyn Progress) -> Vec<Vec<f64>> {
    let mut all = vec![Vec::with_capacity(split.rows); scoring.scores.len()];
    let Ok(()) = scoring.run(split, progress, |batch| {
        all.iter_mut().zip(batch.scores).for_each(|(all, more)| all.extend(more));
        Ok::<(), Infallible>(())
    });
    all
}
