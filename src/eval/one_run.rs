//! The raw scores of one run, for figures.

use std::convert::Infallible;

use super::evaluate::EvalError;
use super::fits::{self, ScoreFit};
use super::plan::Plan;
use super::progress::Progress;
use super::score_split::{FittedScore, Scoring};
use crate::rows::{Role, Split};
use crate::score::need::Rows;

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
    let fitted = |fit: ScoreFit| FittedScore { id: fit.entry.id, scorer: fit.fit.scorer, alternatives: Vec::new() };
    let scores: Vec<FittedScore> = fits::fit(plan)?.scores.into_iter().map(fitted).collect();
    let all_rows =
        |split: &Split| SplitScores { role: split.role.clone(), scores: score_rows(plan, &scores, split, progress) };
    Ok(Rows::Scored.of(&plan.dump).map(all_rows).collect())
}

/// Per fitted score its values, in the order of rows.
pub(super) fn score_rows(
    plan: &Plan<'_>,
    scores: &[FittedScore],
    split: &Split,
    progress: &dyn Progress,
) -> Vec<Vec<f64>> {
    let arrays = plan.arrays(&Rows::Scored);
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
