#![doc = include_str!("expected_entropy.md")]

use super::Score;
use super::entry::{ScoreEntry, no_caution};
use super::members::{Members, OfMembers, OverMembers};
use super::settings::{SettingError, Settings};
use crate::numeric::softmax::softmax;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "expected_entropy",
    title: "Mean entropy of the members",
    aliases: &["aleatoric_uncertainty", "data_uncertainty"],
    reference: "Malinin & Gales, Predictive Uncertainty Estimation via Prior Networks, NeurIPS 2018, arXiv:1802.10501",
    page: include_str!("expected_entropy.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

/// The mean over members of `Σ_c p_c log p_c`.
#[derive(Clone, Copy)]
struct ExpectedEntropy;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(OverMembers::boxed(ExpectedEntropy))
}

impl OfMembers for ExpectedEntropy {
    fn of(self, members: &Members<'_>) -> f64 {
        members.mean(|logits| softmax(logits).negative_entropy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::members::of_members;
    use crate::score::tests::assert_near;

    #[test]
    fn example_of_the_page() {
        assert_near(of_members(ExpectedEntropy, &[[0.0, 0.0], [-1000.0, 0.0]]), -0.5 * 2.0_f64.ln(), 1e-15);
    }
}
