//! Pairs of an ID and an OOD score: how many are in order, how many are tied.

use super::ranking::Ranking;
use super::sample::Sample;

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

/// Steps whose counts are summed in 64 bits: their products with 2⁴⁷ scores stay below 2⁶⁴.
const PORTION: usize = 1 << 16;

impl PairCounts {
    /// Counts the pairs of two samples.
    #[must_use]
    pub fn of(id: &Sample, ood: &Sample) -> Self {
        Self::in_ranking(&Ranking::new(id, ood))
    }

    /// Counts the pairs of a ranking.
    #[must_use]
    pub fn in_ranking(ranking: &Ranking) -> Self {
        let mut counts = Self { ordered: 0, tied: 0, all: ranking.id() as u128 * ranking.ood() as u128 };
        let (mut ood_below, mut id_equal) = (0_u64, 0_u64);
        for portion in ranking.steps().chunks(PORTION) {
            let (mut ordered, mut tied) = (0, 0);
            for step in portion {
                let ood = step.ood() as u64;
                id_equal *= u64::from(!step.is_first());
                // ID scores come first among equal ones: the OOD steps before an ID step are those below it.
                ordered += (1 - ood) * ood_below;
                tied += ood * id_equal;
                ood_below += ood;
                id_equal += 1 - ood;
            }
            counts.ordered += u128::from(ordered);
            counts.tied += u128::from(tied);
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
