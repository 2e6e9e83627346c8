//! Log odds of "row of id/val, not of an OOD set" as a weighted sum of scores: what a score is that combines others.

use ndarray::{Array2, Axis, concatenate};

use super::need::Splits;
use crate::fit::{FitError, Training};
use crate::numeric::logistic::Logistic;
use crate::rows::{Role, Split};

/// The set in `val_ood/` of this name; without a name, the only one.
///
/// # Errors
/// [`FitError`] if there is none, or several and no name.
pub(super) fn set<'a>(training: &Training<'a>, name: Option<&str>, score: &'static str) -> Result<&'a Split, FitError> {
    let rows = Splits::ValOod(name.map(str::to_owned));
    let mut sets = rows.of(training.rows());
    match (sets.next(), sets.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(training.missing_split("OOD set", format!("val_ood/{}", name.unwrap_or("<name>")))),
        (Some(_), Some(_)) => {
            let names: Vec<&str> = training.rows().val_ood().collect();
            let reason = format!("val_ood has {}; name one by {score}.fit_on", names.join(", "));
            Err(training.not_applicable(score, reason))
        }
    }
}

/// What to say where the fit has seen rows of a set that is then measured.
pub(super) fn note(training: &Training<'_>, fitted_on: &Split) -> Option<String> {
    let Role::ValOod { name: fitted } = &fitted_on.role else { return None };
    let known = |split: &&Split| matches!(&split.role, Role::Ood { name, .. } if name == fitted);
    let measured = training.rows().ood().find(known)?;
    Some(format!(
        "{} is measured with weights fitted on a set of the same name: its values are those of a known OOD set",
        measured.role
    ))
}

/// What a score may add to the sum at most, so that it does not overflow, whatever the weights.
const LARGEST_TERM: f64 = 1e300;

/// What a score adds to the sum.
pub(super) fn term(score: f64, weight: f64) -> f64 {
    (score * weight).clamp(-LARGEST_TERM, LARGEST_TERM)
}

/// The weights, from scores (rows, columns) of id/val and of the OOD set.
///
/// # Errors
/// [`FitError`] if the regression does not converge.
pub(super) fn fit(
    training: &Training<'_>,
    [val, val_ood]: [&Array2<f64>; 2],
    c: f64,
    score: &'static str,
) -> Result<Logistic, FitError> {
    let rows = concatenate(Axis(0), &[val.view(), val_ood.view()]).unwrap_or_default();
    let positive: Vec<bool> = (0..rows.nrows()).map(|row| row < val.nrows()).collect();
    Logistic::fit(&rows.view(), &positive, c)
        .map_err(|error| training.not_applicable(score, format!("{error}; set {score}.c lower")))
}
