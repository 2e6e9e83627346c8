//! The raw scores of one run, for plots and for what is measured of single rows.

use super::cautions;
use super::error::EvalError;
use super::evaluate;
use super::plan::Plan;
use super::score_split::score_rows;
use super::scored_sets::{allowed, can_be_ranked};
use crate::metric::{PairCounts, Sample};
use crate::progress::Progress;
use crate::rows::{Role, Split};
use crate::score::FittedScore;
use crate::score::need::Splits;
use crate::table::{Remark, Results, RunSummary};

/// Scores of one split.
#[derive(Clone, Debug)]
pub struct SplitScores {
    /// The split.
    pub role: Role,
    /// Score by score its id and its values, in the order of rows. A split has those that could be fitted, that it allows, and that are finite on it.
    pub scores: Vec<(&'static str, Vec<f64>)>,
}

impl SplitScores {
    /// The values of the score of this id.
    #[must_use]
    pub fn of(&self, score: &str) -> Option<&[f64]> {
        self.scores.iter().find(|(id, _)| *id == score).map(|(_, values)| &values[..])
    }
}

/// Scores id/test and every OOD set of a run by every planned score. What a reader should know of them goes to `results`, as if
/// metrics were made of them; so does what is left out where not all scores were asked for by name.
///
/// # Errors
/// [`EvalError::Fit`] if a score cannot be fitted, [`EvalError::Sample`] if its values overflow, and it was asked for by name.
pub fn score_run(
    plan: &Plan<'_>,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<Vec<SplitScores>, EvalError> {
    let (scores, skipped) = evaluate::fit(plan, results)?;
    let all: Vec<&FittedScore> = scores.iter().collect();
    let mut splits = Vec::new();
    for split in Splits::Scored.of(&plan.dump) {
        splits.push(score_split(plan, &all, split, results, progress)?);
    }
    if let Some(test) = plan.dump.split(&Role::Test) {
        let (info, arrays) = (plan.dump.info.clone(), plan.arrays.clone());
        results.runs.push(RunSummary {
            info,
            accuracy: None,
            id_rows: test.rows,
            shifted: Vec::new(),
            skipped,
            arrays,
        });
        results.warnings.extend(remarks(plan, test.rows, &splits)?);
    }
    Ok(splits)
}

fn score_split(
    plan: &Plan<'_>,
    all: &[&FittedScore],
    split: &Split,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<SplitScores, EvalError> {
    let fitted: Vec<&FittedScore> = all.iter().copied().filter(|score| allowed(plan, score, split, results)).collect();
    let values = score_rows(plan, &fitted, split, progress);
    let mut scores = Vec::with_capacity(fitted.len());
    for (score, values) in fitted.into_iter().zip(values) {
        if can_be_ranked(plan, split, score, &values, results)? {
            scores.push((score.entry.id, values));
        }
    }
    Ok(SplitScores { role: split.role.clone(), scores })
}

/// What the values themselves show.
fn remarks(plan: &Plan<'_>, id_rows: usize, splits: &[SplitScores]) -> Result<Vec<Remark>, EvalError> {
    let run = &plan.dump.info.name;
    let Some(test) = splits.iter().find(|split| split.role == Role::Test) else { return Ok(Vec::new()) };
    let sample = |role: &Role, score: &'static str, values: &[f64]| {
        let place = || role.to_string();
        Sample::new(values.to_vec()).map_err(|error| EvalError::Sample { place: place(), score, error })
    };
    let mut remarks: Vec<Remark> = cautions::of_rows(run, id_rows).into_iter().collect();
    for (score, values) in &test.scores {
        let id = sample(&test.role, score, values)?;
        remarks.extend(cautions::of_id(run, score, &id));
        for split in splits {
            if let (Role::Ood { name, .. }, Some(values)) = (&split.role, split.of(score)) {
                let counts = PairCounts::of(&id, &sample(&split.role, score, values)?);
                let is_half = plan.dump.is_half_precision();
                remarks.extend(cautions::of_pair(run, is_half, score, name, &counts));
            }
        }
    }
    Ok(remarks)
}
