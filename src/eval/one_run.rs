//! The raw scores of one run, for figures.

use super::evaluate::EvalError;
use super::plan::Plan;
use super::progress::Progress;
use super::score_split::{FittedScore, Scoring};
use crate::dump::{Role, Split};
use crate::fit::Training;
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
    let training = Training::new(&plan.dump);
    let mut fitted = Vec::with_capacity(plan.scores.len());
    for chosen in &plan.scores {
        fitted.push(FittedScore { id: chosen.entry.id, scorer: chosen.score.fit(&training)?.scorer });
    }
    let arrays = plan.arrays(&Rows::Scored);
    let scoring = Scoring { arrays: &arrays, head: plan.dump.head.as_ref(), scores: &fitted, predictions: false };
    let all_rows = |split: &Split| {
        let mut scores = vec![Vec::with_capacity(split.rows); fitted.len()];
        scoring.run(split, progress, |batch| -> Result<(), EvalError> {
            scores.iter_mut().zip(batch.scores).for_each(|(all, more)| all.extend(more));
            Ok(())
        })?;
        Ok(SplitScores { role: split.role.clone(), scores })
    };
    Rows::Scored.of(&plan.dump).map(all_rows).collect()
}
