#![doc = include_str!("predictive_entropy.md")]

use super::Score;
use super::entry::{ScoreEntry, no_caution};
use super::members::{Members, OfClasses, OfMembers, OverMembers};
use super::settings::{SettingError, Settings};
use crate::numeric::top::top;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "predictive_entropy",
    title: "Entropy of the mean probability",
    aliases: &["ensemble_es", "total_uncertainty"],
    reference: "Lakshminarayanan et al., Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles, NeurIPS 2017, arXiv:1612.01474",
    page: include_str!("predictive_entropy.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

/// `Σ_c p̄_c log p̄_c`.
#[derive(Clone, Copy)]
struct PredictiveEntropy;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(OverMembers::boxed(PredictiveEntropy))
}

impl OfMembers for PredictiveEntropy {
    fn of(self, members: &Members<'_>) -> f64 {
        negative_entropy(&members.mean_probabilities())
    }
}

/// `Σ_c p_c log p_c` of probabilities; the logarithm of the largest one is taken from what the others leave of 1, which keeps its digits near 1.
fn negative_entropy(p: &OfClasses) -> f64 {
    let largest = top(&p[..]).index;
    let others = || p.iter().enumerate().filter(|(class, _)| *class != largest).map(|(_, p)| *p);
    let rest: f64 = others().sum();
    let of_others: f64 = others().filter(|p| *p > 0.0).map(|p| p * p.ln()).sum();
    of_others + (1.0 - rest) * (-rest).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::members::of_members;
    use crate::score::tests::assert_near;

    #[test]
    fn example_of_the_page() {
        assert_near(of_members(PredictiveEntropy, &[[0.0, -1000.0], [-1000.0, 0.0]]), -2.0_f64.ln(), 1e-15);
        // p̄ = (1 − e⁻⁴⁰, e⁻⁴⁰) to 17 digits: 1 − e⁻⁴⁰ is 1 in `f64`, and yet −(1 − p̄) log p̄ is not lost.
        let rest = (-40.0_f64).exp();
        assert_near(of_members(PredictiveEntropy, &[[0.0, -40.0]; 2]) / (-41.0 * rest), 1.0, 1e-14);
    }
}
