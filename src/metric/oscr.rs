#![doc = include_str!("oscr.md")]
//!
//! ```
//! use oodbench::metric::{Ranking, Sample, oscr};
//! let id = Sample::with_predictions(vec![0.9, 0.8, 0.7, 0.6, 0.55], &[true, true, false, true, true])?;
//! let ranking = Ranking::new(&id, &Sample::new(vec![0.85, 0.65, 0.5, 0.3])?);
//! // Of the 20 pairs, 11 have an ID row that is classified rightly and scores higher: 4 with 0.9, 3 with 0.8, 2 each with 0.6 and 0.55.
//! assert_eq!(oscr::oscr(&ranking), 0.55);
//! // Letting 2 of the 4 OOD rows through puts the threshold at 0.65; 0.9 and 0.8 are above it and right.
//! assert_eq!([0.1, 0.5].map(|fpr| oscr::ccr_at_fpr(&ranking, fpr)), [0.2, 0.4]);
//! # Ok::<(), oodbench::metric::SampleError>(())
//! ```

use super::procedure::Measure;
use super::{Metric, Procedure, Ranking};

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "oscr",
    title: "open-set classification: ID rows accepted and classified rightly (CCR) against OOD rows accepted (FPR); needs labels of id/test",
    reference: "Dhamija et al., Reducing Network Agnostophobia, NeurIPS 2018, arXiv:1811.04110",
    page: include_str!("oscr.md"),
    metrics: &[OSCR, OSCR_STRICT, CCR_10, CCR_1, CCR_01, CCR_001],
    measure: Measure::Errors(|ranking| {
        let pairs = Pairs::of(ranking);
        [
            (OSCR.id, pairs.oscr()),
            (OSCR_STRICT.id, pairs.ordered as f64 / pairs.all as f64),
            (CCR_10.id, ccr_at_fpr(ranking, 1e-1)),
            (CCR_1.id, ccr_at_fpr(ranking, 1e-2)),
            (CCR_01.id, ccr_at_fpr(ranking, 1e-3)),
            (CCR_001.id, ccr_at_fpr(ranking, 1e-4)),
        ]
        .into()
    }),
};

const OSCR: Metric = Metric::higher("oscr", "OSCR");
const OSCR_STRICT: Metric = Metric::higher("oscr_strict", "OSCR (ties lose)");
const CCR_10: Metric = Metric::higher("ccr_at_fpr10", "CCR@FPR10%");
const CCR_1: Metric = Metric::higher("ccr_at_fpr1", "CCR@FPR1%");
const CCR_01: Metric = Metric::higher("ccr_at_fpr0_1", "CCR@FPR0.1%").without_interval();
const CCR_001: Metric = Metric::higher("ccr_at_fpr0_01", "CCR@FPR0.01%").without_interval();

/// Pairs of an ID row that is classified rightly and an OOD row.
struct Pairs {
    /// The ID score is higher.
    ordered: u128,
    /// The scores are equal.
    tied: u128,
    /// All pairs, with ID rows that are classified wrongly.
    all: u128,
}

impl Pairs {
    fn of(ranking: &Ranking) -> Self {
        let mut pairs = Self { ordered: 0, tied: 0, all: ranking.id() as u128 * ranking.ood() as u128 };
        let (mut ood_below, mut right_equal) = (0_u64, 0_u64);
        for step in ranking.steps() {
            if step.is_first() {
                right_equal = 0;
            }
            // ID scores come first among equal ones: the OOD steps before an ID step are those below it.
            if step.ood() == 1 {
                pairs.tied += u128::from(right_equal);
                ood_below += 1;
            } else if !step.is_wrong() {
                pairs.ordered += u128::from(ood_below);
                right_equal += 1;
            }
        }
        pairs
    }

    fn oscr(&self) -> f64 {
        (2 * self.ordered + self.tied) as f64 / (2 * self.all) as f64
    }
}

/// The area under CCR over FPR, straight where scores are tied: `P(right, ood < id) + ½ P(right, ood = id)`.
#[must_use]
pub fn oscr(ranking: &Ranking) -> f64 {
    Pairs::of(ranking).oscr()
}

/// Share of ID rows that are classified rightly and score above the ⌈`fpr`·N⌉-th largest OOD score; `fpr` is above 0 and at most 1.
#[must_use]
pub fn ccr_at_fpr(ranking: &Ranking, fpr: f64) -> f64 {
    let accepted = ((fpr * ranking.ood() as f64).ceil() as usize).clamp(1, ranking.ood());
    let threshold = ranking.group(ranking.position(true, ranking.ood() - accepted));
    let above = &ranking.steps()[threshold.end..];
    above.iter().filter(|step| step.ood() == 0 && !step.is_wrong()).count() as f64 / ranking.id() as f64
}
