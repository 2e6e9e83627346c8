#![doc = include_str!("mutual_information.md")]

use super::Score;
use super::entry::{ScoreEntry, no_caution};
use super::members::{Members, OfMembers, OverMembers};
use super::settings::{SettingError, Settings};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mutual_information",
    title: "Mutual information of class and member",
    aliases: &["bald", "epistemic_uncertainty", "knowledge_uncertainty"],
    reference: "Houlsby et al., Bayesian Active Learning for Classification and Preference Learning, 2011, arXiv:1112.5745",
    page: include_str!("mutual_information.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

/// The negative mean over members of `KL(p_m ‖ p̄)`.
#[derive(Clone, Copy)]
struct MutualInformation;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(OverMembers::boxed(MutualInformation))
}

impl OfMembers for MutualInformation {
    fn of(self, members: &Members<'_>) -> f64 {
        let mean = members.mean_probabilities();
        let mut sum = 0.0;
        members.for_each_probabilities(|own| {
            sum += own.iter().zip(mean.iter()).map(|(own, mean)| divergence(*own, *mean)).sum::<f64>();
        });
        -sum / members.each().len() as f64
    }
}

/// `p log(p/q) − p + q`, at least 0: what a class adds to a divergence. The last two add up to 0 over the classes, and save the digits of distributions
/// that hardly differ.
fn divergence(p: f64, q: f64) -> f64 {
    let ratio = if p == 0.0 { 0.0 } else { p / q };
    if ratio < 0.5 {
        // Far apart: nothing cancels, and p log p is 0 at 0.
        return if ratio == 0.0 { q } else { p * ratio.ln() - p + q };
    }
    let excess = ratio - 1.0;
    (q * (ratio * excess.ln_1p() - excess)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::members::of_members;
    use crate::score::tests::assert_near;

    #[test]
    fn example_of_the_page() {
        assert_near(of_members(MutualInformation, &[[0.0, -1000.0], [-1000.0, 0.0]]), -2.0_f64.ln(), 1e-15);
        assert_near(of_members(MutualInformation, &[[0.3, -1.0, 2.0]; 5]), 0.0, 1e-30);
        // Probabilities of 1 and 10⁻³⁰: each is log 2 away, but for 10⁻²⁸.
        assert_near(of_members(MutualInformation, &[[0.0, -69.0], [-69.0, 0.0]]), -2.0_f64.ln(), 1e-15);
    }
}
