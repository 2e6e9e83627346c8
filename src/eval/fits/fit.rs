//! Fitting the scores of a run, or taking their fits from a file.

use crate::eval::error::EvalError;
use crate::eval::plan::Plan;
use crate::fit::{FitError, Training};
use crate::score::FittedScore;
use crate::table::Skipped;

/// The fitted scores of a run.
pub struct Fits {
    /// In the order of the plan.
    pub scores: Vec<FittedScore>,
    /// Scores left out, those of the plan first.
    pub skipped: Vec<Skipped>,
}

/// Fits every planned score, or restores it where the plan has a file of fits.
///
/// # Errors
/// [`EvalError::Fit`] if a score cannot be fitted, [`EvalError::Fits`] if it cannot be restored. A lenient plan leaves out scores that turn out
/// not to be applicable.
pub fn fit(plan: &Plan<'_>) -> Result<Fits, EvalError> {
    let training = Training::new(&plan.dump);
    let mut fits = Fits { scores: Vec::with_capacity(plan.scores.len()), skipped: plan.skipped.clone() };
    for chosen in &plan.scores {
        let fitted = match plan.fits {
            Some(file) => file.restore(chosen)?,
            None => match chosen.fit(&training) {
                Ok(fitted) => fitted,
                Err(FitError::NotApplicable { reason, .. }) if plan.lenient => {
                    fits.skipped.push(Skipped { score: chosen.entry.id, why: reason });
                    continue;
                }
                Err(error) => return Err(error.into()),
            },
        };
        fits.scores.push(fitted);
    }
    Ok(fits)
}
