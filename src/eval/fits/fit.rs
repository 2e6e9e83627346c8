//! Fitting the scores of a run, or taking their fits from a file.

use std::time::{Duration, Instant};

use crate::eval::evaluate::EvalError;
use crate::eval::plan::Plan;
use crate::eval::selection::Chosen;
use crate::fit::{FitError, Training};
use crate::score::count::Counts;
use crate::score::{Alternative, Fit, ScoreEntry, Settings};
use crate::table::Skipped;

/// The fitted scores of a run.
pub struct Fits {
    /// In the order of the plan.
    pub scores: Vec<ScoreFit>,
    /// Scores left out, those of the plan first.
    pub skipped: Vec<Skipped>,
}

/// A fitted score.
pub struct ScoreFit {
    /// The score.
    pub entry: &'static ScoreEntry,
    /// Its parameters.
    pub settings: Settings,
    /// What was learnt.
    pub fit: Fit,
    /// What could have been learnt with the same right.
    pub alternatives: Vec<Alternative>,
    /// Parameters that do not suit the number of rows, classes or columns, one line each.
    pub warnings: Vec<String>,
    /// How long that took. What several scores share counts for the first of them.
    pub took: Duration,
}

/// Fits every planned score, or restores it where the plan has a file of fits.
///
/// # Errors
/// [`EvalError::Fit`] if a score cannot be fitted, [`EvalError::Fits`] if it cannot be restored. A lenient plan leaves out scores that cannot be
/// fitted, as long as any can.
pub fn fit(plan: &Plan<'_>) -> Result<Fits, EvalError> {
    let training = Training::new(&plan.dump);
    let mut fits = Fits { scores: Vec::with_capacity(plan.scores.len()), skipped: plan.skipped.clone() };
    let (mut failed, counts) = (None, Counts::of(&plan.dump));
    for chosen in &plan.scores {
        let start = Instant::now();
        let (fit, alternatives) = match plan.fits {
            Some(file) => (file.restore(chosen)?, Vec::new()),
            None => match fit_with_alternatives(chosen, &training) {
                Ok(fits) => fits,
                Err(error) if plan.lenient => {
                    fits.skipped.push(Skipped { score: chosen.entry.id, why: error.reason() });
                    failed.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error.into()),
            },
        };
        fits.scores.push(ScoreFit {
            entry: chosen.entry,
            settings: chosen.settings.clone(),
            fit,
            alternatives,
            warnings: if plan.fits.is_some() { Vec::new() } else { counts.remarks(chosen.entry, &chosen.settings) },
            took: start.elapsed(),
        });
    }
    match failed {
        Some(error) if fits.scores.is_empty() => Err(error.into()),
        _ => Ok(fits),
    }
}

fn fit_with_alternatives(chosen: &Chosen, training: &Training<'_>) -> Result<(Fit, Vec<Alternative>), FitError> {
    training.refuse(chosen.entry.id, chosen.score.obstacle(training.rows()))?;
    Ok((chosen.score.fit(training)?, chosen.score.alternatives(training)?))
}
