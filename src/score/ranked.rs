//! Scores of covariances, whose rank the rounding of the features can leave open.

use super::settings::{Parameter, SettingError, Settings};
use super::{Alternative, Fit, Fitted};
use crate::fit::{FitError, Rank};
use crate::numeric::linalg::Side;

/// The parameter of scores that leave out directions by the size of their variance.
pub(super) const RCOND: Parameter = Parameter {
    name: "rcond",
    default: "1e-15",
    help: "eigenvalues of a singular covariance up to rcond · the largest count as zero; from 0 to below 1",
    grid: &[],
    counts: None,
};

/// Its value.
pub(super) fn rcond(settings: &Settings) -> Result<f64, SettingError> {
    settings.number("rcond", "a number from 0 to below 1", |share: &f64| (0.0..1.0).contains(share))
}

/// A fit of one of the ranks that could be meant: of the covariances that the score inverts, each the number of its directions that are told from rounding.
pub(super) struct RankedFit {
    pub(super) scorer: Box<dyn Fitted>,
    /// The rank of every matrix that it inverts, in the order in which the score makes them.
    pub(super) ranks: Vec<Rank>,
    /// What its user should know.
    pub(super) notes: Vec<String>,
}

impl RankedFit {
    /// A score that inverts matrices of these ranks, of so many training rows; before each rank stands what notes call its matrix, such as "covariance".
    pub(super) fn new(
        scorer: impl Fitted + 'static,
        ranks: &[(&'static str, Rank)],
        rows: usize,
        more: Vec<String>,
    ) -> Self {
        let mut notes: Vec<String> = ranks.iter().filter_map(|(of, rank)| rank.note(of, rows)).collect();
        notes.extend(more);
        Self { scorer: Box::new(scorer), ranks: ranks.iter().map(|(_, rank)| *rank).collect(), notes }
    }
}

/// The fit of the rank that is most likely meant, and where the rank is open those of the least and of the greatest rank that could be.
///
/// # Errors
/// Those of `fit` at the rank most likely meant; another rank that does not allow a fit is told in a note.
pub(super) fn ranked(fit: impl Fn(Side) -> Result<RankedFit, FitError>) -> Result<Fit, FitError> {
    let RankedFit { scorer, ranks, mut notes } = fit(Side::Chosen)?;
    let mut alternatives = Vec::new();
    if ranks.iter().any(|rank| rank.between.is_some()) {
        let kept = |ranks: &[Rank]| ranks.iter().map(|rank| rank.kept).collect::<Vec<_>>();
        for (side, called) in [(Side::Fewer, "least"), (Side::More, "greatest")] {
            match fit(side) {
                Err(error) => notes.push(format!("of the {called} rank that could be meant there is no fit: {error}")),
                Ok(other) if kept(&other.ranks) == kept(&ranks) => (),
                Ok(other) => {
                    let kept: Vec<String> = kept(&other.ranks).iter().map(ToString::to_string).collect();
                    alternatives
                        .push(Alternative { what: format!("rank {}", kept.join(" and ")), scorer: other.scorer });
                }
            }
        }
    }
    Ok(Fit { scorer, notes, alternatives })
}
