//! Pairs of an ID and an OOD score: how many are in order, how many are tied.

use super::sample::Sample;
use super::tie_groups::ascending;

/// Counts over all K·N pairs, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairCounts {
    /// Pairs whose ID score is higher.
    pub ordered: u128,
    /// Pairs of equal scores.
    pub tied: u128,
    /// All pairs.
    pub all: u128,
}

impl PairCounts {
    /// Counts the pairs of two samples.
    #[must_use]
    pub fn of(id: &Sample, ood: &Sample) -> Self {
        let mut counts = Self { ordered: 0, tied: 0, all: id.len() as u128 * ood.len() as u128 };
        let mut ood_below = 0_u128;
        for group in ascending(id.ascending(), ood.ascending()) {
            counts.ordered += ood_below * group.id as u128;
            counts.tied += group.id as u128 * group.ood as u128;
            ood_below += group.ood as u128;
        }
        counts
    }

    /// `P(ood < id) + ½ P(ood = id)`: the area under the ROC curve with ties counting half.
    #[must_use]
    pub fn auroc(&self) -> f64 {
        (2 * self.ordered + self.tied) as f64 / (2 * self.all) as f64
    }

    /// Share of tied pairs.
    #[must_use]
    pub fn tied_share(&self) -> f64 {
        self.tied as f64 / self.all as f64
    }
}
