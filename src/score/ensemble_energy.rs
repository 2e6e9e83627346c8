#![doc = include_str!("ensemble_energy.md")]

use super::Score;
use super::entry::{ScoreEntry, no_caution};
use super::members::{Members, OfMembers, OverMembers};
use super::settings::{SettingError, Settings};
use crate::numeric::softmax::softmax;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "ensemble_energy",
    title: "Energy of the mean logit",
    aliases: &[],
    reference: "Liu et al., Energy-based Out-of-distribution Detection, NeurIPS 2020, arXiv:2010.03759; of an ensemble's mean logit",
    page: include_str!("ensemble_energy.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

/// `log Σ_c exp z̄_c`.
#[derive(Clone, Copy)]
struct NegativeEnergy;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(OverMembers::boxed(NegativeEnergy))
}

impl OfMembers for NegativeEnergy {
    fn of(self, members: &Members<'_>) -> f64 {
        softmax(&members.mean_logits()[..]).log_sum_exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::members::of_members;
    use crate::score::tests::assert_near;

    #[test]
    fn example_of_the_page() {
        assert_near(of_members(NegativeEnergy, &[[2.0, 0.0], [0.0, 2.0]]), 1.0 + 2.0_f64.ln(), 1e-15);
    }
}
