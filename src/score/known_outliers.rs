//! The OOD set that a score is fitted on, where it is fitted on one.

use super::need::Splits;
use crate::fit::{FitError, Training};
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
