//! Fitting the scores of a run, or taking their fits from a file.

use crate::eval::error::EvalError;
use crate::eval::plan::Plan;
use crate::fit::Training;
use crate::rows::Split;
use crate::score::counts::Counts;
use crate::score::need::Splits;
use crate::score::{FittedScore, Need};
use crate::table::Skipped;

/// The fitted scores of a run.
pub struct Fits {
    /// In the order of the plan.
    pub scores: Vec<FittedScore>,
    /// Scores left out, those of the plan first.
    pub skipped: Vec<Skipped>,
    /// Parameters that do not suit the number of rows, classes or columns, one line each.
    pub warnings: Vec<String>,
}

/// Fits every planned score, or restores it where the plan has a file of fits.
///
/// # Errors
/// [`EvalError::Fit`] if a score cannot be fitted, [`EvalError::Fits`] if it cannot be restored or the rows lack what the fit reads. A lenient plan
/// leaves out scores that cannot be fitted or whose fit reads what is not there, as long as any is left.
pub fn fit(plan: &Plan<'_>) -> Result<Fits, EvalError> {
    let training = Training::new(&plan.dump);
    let scores = Vec::with_capacity(plan.scores.len());
    let mut fits = Fits { scores, skipped: plan.skipped.clone(), warnings: Vec::new() };
    let (mut none_left, counts) = (None, Counts::of(&plan.dump));
    for chosen in &plan.scores {
        let fitted = match plan.fits {
            Some(file) => {
                let restored = file.restore(chosen)?;
                let id = chosen.entry.id;
                let allows = |split: &&Split| !plan.missing.iter().any(|one| one.score == id && one.role == split.role);
                match file.check_reads(&restored, &plan.dump, Splits::Scored.of(&plan.dump).filter(allows)) {
                    Err(error) if plan.lenient => {
                        fits.skipped.push(Skipped { score: id, why: error.to_string() });
                        none_left.get_or_insert_with(|| EvalError::from(error));
                        continue;
                    }
                    checked => checked?,
                }
                // Values in the dump learn nothing, and which way round they are is a fact of the rows that are scored, not of those fitted on.
                if matches!(chosen.score.needs(), [Need::Score(_)]) { chosen.fit(&training)? } else { restored }
            }
            None => match chosen.fit(&training) {
                Ok(fitted) => fitted,
                Err(error) if plan.lenient => {
                    fits.skipped.push(Skipped { score: chosen.entry.id, why: error.reason() });
                    none_left.get_or_insert_with(|| EvalError::from(error));
                    continue;
                }
                Err(error) => return Err(error.into()),
            },
        };
        fits.warnings.extend(counts.remarks(chosen.entry, &chosen.settings));
        fits.scores.push(fitted);
    }
    match none_left {
        Some(error) if fits.scores.is_empty() => Err(error),
        _ => Ok(fits),
    }
}
