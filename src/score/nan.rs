#![doc = include_str!("nan.md")]

use super::assumption::Assumption;
use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{RowScore, Score};
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "nan",
    title: "Negative-aware norm",
    aliases: &["negative_aware_norm"],
    reference: "Park et al., Understanding the Feature Norm for Out-of-Distribution Detection, ICCV 2023, arXiv:2310.05316",
    page: include_str!("nan.md"),
    parameters: &[Parameter {
        name: "count",
        default: "nonzero",
        help: "what the norm is divided by: the number of features that are nonzero, or positive",
        grid: &["nonzero", "positive"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[Assumption::NonNegativeFeatures],
};

/// Which features are counted.
#[derive(Clone, Copy)]
enum Counted {
    Nonzero,
    Positive,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    settings
        .choice("count", &[("nonzero", Counted::Nonzero), ("positive", Counted::Positive)])
        .map(|counted| Box::new(counted) as Box<dyn Score>)
}

impl Counted {
    fn of(self, row: impl Iterator<Item = f64>) -> f64 {
        let (mut sum, mut count) = (0.0, 0_usize);
        for value in row {
            sum += value.abs();
            count += usize::from(match self {
                Self::Nonzero => value != 0.0,
                Self::Positive => value > 0.0,
            });
        }
        // No feature that counts is as inactive as one that does: divided by 1.
        sum / count.max(1) as f64
    }
}

impl RowScore for Counted {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features]
    }

    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        for (out, row) in out.iter_mut().zip(block.features().rows()) {
            *out = self.of(row.iter().copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;

    #[test]
    fn examples_by_hand() {
        assert_eq!(Counted::Nonzero.of([3.0, 0.0, -1.0].into_iter()), 2.0);
        assert_eq!(Counted::Positive.of([3.0, 0.0, -1.0].into_iter()), 4.0);
        assert_eq!(Counted::Nonzero.of([0.0, -0.0].into_iter()), 0.0);
        HandDump::of_three_classes().gives(&ENTRY, &[], &[1.0, 1.0, 0.233_333_33], 5e-9);
    }
}
