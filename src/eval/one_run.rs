//! The raw scores of one run, for plots.

use super::cautions;
use super::error::EvalError;
use super::evaluate;
use super::plan::Plan;
use super::score_split::score_rows;
use crate::metric::{PairCounts, Sample};
use crate::progress::Progress;
use crate::rows::{Role, Split};
use crate::score::FittedScore;
use crate::score::need::Splits;
use crate::table::{Remark, Results};

/// Scores of one split.
#[derive(Clone, Debug)]
pub struct SplitScores {
    /// The split.
    pub role: Role,
    /// Per planned score its values, in the order of rows.
    pub scores: Vec<Vec<f64>>,
}

/// Scores id/test and every OOD set of a run by every planned score. What a reader should know of them goes to `results`, as if
/// metrics were made of them.
///
/// # Errors
/// [`EvalError::Fit`] if a score cannot be fitted, [`EvalError::Sample`] if its values overflow.
pub fn score_run(
    plan: &Plan<'_>,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<Vec<SplitScores>, EvalError> {
    let (scores, _) = evaluate::fit(plan, results)?;
    let scores: Vec<&FittedScore> = scores.iter().collect();
    let all_rows =
        |split: &Split| SplitScores { role: split.role.clone(), scores: score_rows(plan, &scores, split, progress) };
    let splits: Vec<SplitScores> = Splits::Scored.of(&plan.dump).map(all_rows).collect();
    results.warnings.extend(remarks(plan, &scores, &splits)?);
    Ok(splits)
}

/// What the values themselves show.
fn remarks(plan: &Plan<'_>, scores: &[&FittedScore], splits: &[SplitScores]) -> Result<Vec<Remark>, EvalError> {
    let run = &plan.dump.info.name;
    let Some(test) = splits.iter().find(|split| split.role == Role::Test) else { return Ok(Vec::new()) };
    let sample = |split: &SplitScores, score: usize| {
        Sample::new(split.scores[score].clone()).map_err(|error| EvalError::Sample {
            place: split.role.to_string(),
            score: scores[score].entry.id,
            error,
        })
    };
    let mut remarks: Vec<Remark> =
        cautions::of_rows(run, test.scores.first().map_or(0, Vec::len)).into_iter().collect();
    for (number, score) in scores.iter().enumerate() {
        let id = sample(test, number)?;
        remarks.extend(cautions::of_id(run, score.entry.id, &id));
        for split in splits {
            if let Role::Ood { name, .. } = &split.role {
                let counts = PairCounts::of(&id, &sample(split, number)?);
                remarks.extend(cautions::of_pair(&plan.dump, score.entry.id, name, &counts));
            }
        }
    }
    Ok(remarks)
}
