#![doc = include_str!("openood.md")]
//!
//! ```
//! use oodbench::metric::{Sample, openood};
//! let id = Sample::new(vec![0.9, 0.8, 0.7, 0.6]).unwrap();
//! let ood = Sample::new(vec![0.65, 0.5, 0.4, 0.3]).unwrap();
//! // Catching all OOD (95 % of 4 needs 4) flags the ID sample at 0.6.
//! assert_eq!(openood::PROCEDURE.evaluate(&id, &ood)["fpr_at_tpr95_ood_positive"], 0.25);
//! ```

use super::flagged::last_group;
use super::precision_recall::{both, trapezoidal_area};
use super::procedure::Measure;
use super::{Metric, PairCounts, Procedure, Ranking};

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "openood",
    title: "OpenOOD v1.5: positive class OOD in FPR@TPR95; ties count half; first ROC vertex with TPR ≥ 95 %",
    reference: "Zhang et al., OpenOOD v1.5: Enhanced Benchmark for OOD Detection, arXiv:2306.09301",
    page: include_str!("openood.md"),
    metrics: &[FPR_AT_TPR95, AUROC, AUPR_IN, AUPR_OUT],
    measure: Measure::Order(|ranking| {
        let (auroc, (aupr_in, aupr_out)) =
            rayon::join(|| PairCounts::in_ranking(ranking).auroc(), || both(ranking, trapezoidal_area));
        let fpr = fpr_at_tpr95_ood_positive(ranking);
        [(FPR_AT_TPR95.id, fpr), (AUROC.id, auroc), (AUPR_IN.id, aupr_in), (AUPR_OUT.id, aupr_out)].into()
    }),
};

const FPR_AT_TPR95: Metric = Metric::lower("fpr_at_tpr95_ood_positive", "FPR@TPR95 (OOD pos.)");
const AUROC: Metric = Metric::higher("auroc", "AUROC");
const AUPR_IN: Metric = Metric::higher("aupr_in", "AUPR-IN");
const AUPR_OUT: Metric = Metric::higher("aupr_out", "AUPR-OUT");

/// Share of ID flagged at the first vertex of the thinned ROC curve that catches at least 95 % of OOD.
#[must_use]
pub fn fpr_at_tpr95_ood_positive(ranking: &Ranking) -> f64 {
    let all = ranking.steps().len();
    let mut group = last_group(ranking, 0.95);
    while group.end < all {
        // A vertex whose two edges are equal lies on a straight line and is left out; the first and the last never are.
        let next = ranking.group(group.end);
        let equal = group.len() == next.len() && ranking.ood_in(group.clone()) == ranking.ood_in(next.clone());
        if group.start == 0 || !equal {
            break;
        }
        group = next;
    }
    (group.end - ranking.ood_in(0..group.end)) as f64 / ranking.id() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::testing::{assert_close, sample, toys};

    /// Golden vectors by OpenOOD's code on scikit-learn.
    #[test]
    fn toy_vectors() {
        let expected = [
            [0.25, 0.9375, 0.94375, 0.94375],
            [1.0, 0.65, 0.722222, 0.680556],
            [1.0, 0.5, 0.75, 0.75],
            [0.9, 0.55, 0.578331, 0.578331],
        ];
        for ((id, ood), expected) in toys().iter().zip(expected) {
            assert_close(&PROCEDURE.evaluate(id, ood), &expected, 5e-7);
        }
    }

    /// Every threshold removes one of each: all inner vertices lie on one line, so only the far end is left.
    #[test]
    fn vertices_on_a_line_are_left_out() {
        let same: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(fpr_at_tpr95_ood_positive(&Ranking::new(&sample(same.clone()), &sample(same))), 1.0);
    }
}
