#![doc = include_str!("misclassification.md")]
//!
//! ```
//! use oodbench::metric::{Sample, misclassification};
//! let scores: Vec<f64> = (2..=9).rev().map(|tenth| f64::from(tenth) / 10.0).collect();
//! let right = [true, true, false, true, false, true, false, false];
//! let id = Sample::with_predictions(scores, &right)?;
//! // The OOD scores do not matter.
//! let values = misclassification::PROCEDURE.evaluate(&id, &Sample::new(vec![0.0])?);
//! // 13 of the 16 pairs of a right and a wrong row are in order.
//! assert_eq!((values["auroc_of_errors"], values["augrc"]), (13.0 / 16.0, 0.171875));
//! # Ok::<(), oodbench::metric::SampleError>(())
//! ```

use super::procedure::Measure;
use super::risk_coverage::{RiskCoverage, Rows};
use super::selective::{AUGRC, AURC, E_AURC};
use super::{Metric, Procedure, Ranking};

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "misclassification",
    title: "selective classification of id/test alone: rows classified wrongly are failures; ties leave together; needs labels of id/test",
    reference: "Geifman et al., Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers, ICLR 2019, arXiv:1805.08206",
    page: include_str!("misclassification.md"),
    metrics: &[AUROC, AURC, E_AURC, AUGRC],
    measure: Measure::IdErrors(|ranking| {
        let found = RiskCoverage::of(ranking, Rows::Id);
        let auroc = auroc_of_errors(ranking).unwrap_or(f64::NAN);
        [(AUROC.id, auroc), (AURC.id, found.aurc), (E_AURC.id, found.e_aurc()), (AUGRC.id, found.augrc)].into()
    }),
};

const AUROC: Metric = Metric::higher("auroc_of_errors", "AUROC of errors");

/// `P(wrong < right) + ½ P(wrong = right)` over pairs of an ID row classified wrongly and one classified rightly; none if there is no such pair.
#[must_use]
pub fn auroc_of_errors(ranking: &Ranking) -> Option<f64> {
    // (right, wrong) of the values below, and of the one at hand.
    let (mut below, mut equal) = ((0_u64, 0_u64), (0_u64, 0_u64));
    let mut twice = 0_u128;
    let count =
        |below: (u64, u64), equal: (u64, u64)| u128::from(equal.0) * (2 * u128::from(below.1) + u128::from(equal.1));
    for step in ranking.steps().iter().filter(|step| step.ood() == 0) {
        if step.is_first() {
            twice += count(below, equal);
            below = (below.0 + equal.0, below.1 + equal.1);
            equal = (0, 0);
        }
        if step.is_wrong() {
            equal.1 += 1;
        } else {
            equal.0 += 1;
        }
    }
    twice += count(below, equal);
    let pairs = u128::from(below.0 + equal.0) * u128::from(below.1 + equal.1);
    (pairs > 0).then(|| twice as f64 / (2 * pairs) as f64)
}
