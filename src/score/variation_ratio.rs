#![doc = include_str!("variation_ratio.md")]

use super::Score;
use super::entry::{ScoreEntry, no_caution};
use super::members::{Members, OfClasses, OfMembers, OverMembers};
use super::settings::{SettingError, Settings};
use crate::numeric::top::top;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "variation_ratio",
    title: "Variation ratio",
    aliases: &["disagreement"],
    reference: "Freeman, Elementary Applied Statistics, 1965; Gal, Uncertainty in Deep Learning, 2016",
    page: include_str!("variation_ratio.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

/// The share of members that predict the class most of them do, less 1.
#[derive(Clone, Copy)]
struct VariationRatio;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(OverMembers::boxed(VariationRatio))
}

impl OfMembers for VariationRatio {
    fn of(self, members: &Members<'_>) -> f64 {
        let mut votes = OfClasses::filled(0.0, members.each().next().map_or(0, <[f64]>::len));
        members.each().for_each(|logits| votes[top(logits).index] += 1.0);
        votes.iter().copied().fold(0.0, f64::max) / members.each().len() as f64 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::members::of_members;
    use crate::score::tests::assert_near;

    #[test]
    fn example_of_the_page() {
        assert_near(of_members(VariationRatio, &[[1.0, 0.0], [3.0, 2.0], [0.0, 1.0]]), -1.0 / 3.0, 1e-15);
    }
}
