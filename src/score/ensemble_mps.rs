#![doc = include_str!("ensemble_mps.md")]

use super::Score;
use super::entry::{ScoreEntry, no_caution};
use super::members::{Members, OfMembers, OverMembers};
use super::settings::{SettingError, Settings};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "ensemble_mps",
    title: "Maximum mean probability",
    aliases: &["ensemble_msp"],
    reference: "Lakshminarayanan et al., Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles, NeurIPS 2017, arXiv:1612.01474",
    page: include_str!("ensemble_mps.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

/// `max_c p̄_c`.
#[derive(Clone, Copy)]
struct MaximumMeanProbability;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(OverMembers::boxed(MaximumMeanProbability))
}

impl OfMembers for MaximumMeanProbability {
    fn of(self, members: &Members<'_>) -> f64 {
        members.mean_probabilities().iter().copied().fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::members::of_members;
    use crate::score::tests::assert_near;

    #[test]
    fn example_of_the_page() {
        let log_3 = 3.0_f64.ln();
        assert_near(of_members(MaximumMeanProbability, &[[0.0, -log_3], [0.0, 0.0]]), 0.625, 1e-15);
    }
}
