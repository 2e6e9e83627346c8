#![doc = include_str!("lee.md")]
//!
//! ```
//! use oodbench::metric::{Sample, lee};
//! let id = Sample::new(vec![0.9, 0.8, 0.7, 0.6]).unwrap();
//! let ood = Sample::new(vec![0.65, 0.5, 0.4, 0.3]).unwrap();
//! // 15 of the 16 pairs are in order.
//! assert_eq!(lee::evaluate(&id, &ood).auroc, 15.0 / 16.0);
//! ```

use super::lee_areas::Areas;
use super::procedure::Measure;
use super::{Metric, Procedure, Ranking, Sample};
use crate::stats::bootstrap::Method;

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "lee",
    title: "Lee et al. 2018: positive class ID; ties count against the score; TPR closest to 95 %",
    reference: "Lee et al., A Simple Unified Framework for Detecting OOD Samples and Adversarial Attacks, NeurIPS 2018, arXiv:1807.03888",
    page: include_str!("lee.md"),
    metrics: &[TNR_AT_TPR95, AUROC, DTACC, AUIN, AUOUT],
    measure: Measure::Order(|ranking| {
        let Values { tnr_at_tpr95, auroc, dtacc, auin, auout } = Values::of(ranking);
        [(TNR_AT_TPR95.id, tnr_at_tpr95), (AUROC.id, auroc), (DTACC.id, dtacc), (AUIN.id, auin), (AUOUT.id, auout)]
            .into()
    }),
};

const TNR_AT_TPR95: Metric = Metric::higher("tnr_at_tpr95", "TNR@TPR95 (ID pos.)");
const AUROC: Metric = Metric::higher("auroc", "AUROC");
const DTACC: Metric = Metric::higher("dtacc", "DTACC").with_interval(Method::BiasCorrected);
const AUIN: Metric = Metric::higher("auin", "AUIN");
const AUOUT: Metric = Metric::higher("auout", "AUOUT");

/// The five values, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Values {
    /// True negative rate where the true positive rate is closest to 95 %.
    pub tnr_at_tpr95: f64,
    /// Area under the ROC curve, ties counting 0.
    pub auroc: f64,
    /// Detection accuracy with equal priors.
    pub dtacc: f64,
    /// Area under the precision-recall curve, ID positive.
    pub auin: f64,
    /// Area under the precision-recall curve, OOD positive.
    pub auout: f64,
}

/// The values of an ID and an OOD sample.
#[must_use]
pub fn evaluate(id: &Sample, ood: &Sample) -> Values {
    Values::of(&Ranking::new(id, ood))
}

impl Values {
    /// The values of ID and OOD scores in order; removal is in the order of the ranking.
    #[must_use]
    pub fn of(ranking: &Ranking) -> Self {
        // The state of that `tp` comes right after the last of the known scores below the threshold.
        let removed = ranking.id() - tp_closest_to_95_percent(ranking.id());
        let last_removed = removed.checked_sub(1).map(|nth| ranking.position(false, nth));
        let novel_below = last_removed.map_or(0, |position| ranking.ood_in(0..position));
        let fp = ranking.ood() - novel_below;
        let Areas { auroc, auin, auout, largest_sum } = Areas::of(ranking);
        // Minus the area of constant scores, which is 0, is -0.0.
        let auroc = auroc + 0.0;
        Self { tnr_at_tpr95: 1.0 - fp as f64 / ranking.ood() as f64, auroc, dtacc: 0.5 * largest_sum, auin, auout }
    }
}

/// The `tp` of the first state whose `tp/K` is closest to 0.95, decided in `f64` as the original does.
fn tp_closest_to_95_percent(k: usize) -> usize {
    let distance = |tp: usize| (tp as f64 / k as f64 - 0.95).abs();
    let guess = (0.95 * k as f64) as usize;
    // From the top down, so that the larger of two equally close ones, which comes first, wins.
    let candidates = (guess.saturating_sub(1)..=(guess + 2).min(k)).rev();
    candidates.reduce(|best, tp| if distance(tp) < distance(best) { tp } else { best }).unwrap_or(k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::testing::{assert_close, sample, toys};

    /// Golden vectors of the original code, run on NumPy with its two vanished calls replaced.
    #[test]
    fn toy_vectors() {
        let expected = [
            [0.0, 0.9375, 0.875, 0.81875, 0.81875],
            [0.0, 0.5, 0.65, 0.508889, 0.423264],
            [0.0, 0.0, 0.5, 0.306229, 0.306229],
            [0.1, 0.55, 0.55, 0.528331, 0.528331],
        ];
        for ((id, ood), expected) in toys().iter().zip(expected) {
            assert_close(&PROCEDURE.evaluate(id, ood), &expected, 5e-7);
        }
    }

    #[test]
    fn no_area_is_zero_and_not_minus_zero() {
        let found = evaluate(&sample(vec![1.0; 3]), &sample(vec![1.0; 2]));
        assert_eq!(found.auroc.to_bits(), 0.0_f64.to_bits());
    }

    fn separated(k: usize) -> Values {
        let id = sample((0..k).map(|i| 100.0 + i as f64).collect());
        evaluate(&id, &sample((0..10).map(f64::from).collect()))
    }

    #[test]
    fn below_ten_id_samples_tnr_is_zero() {
        assert_eq!(separated(9).tnr_at_tpr95, 0.0);
        assert_eq!(separated(10).tnr_at_tpr95, 1.0);
    }

    #[test]
    fn perfect_separation_still_loses_half_a_sample_in_auin() {
        assert!((separated(10).auin - 0.95).abs() < 1e-15);
        assert!((separated(1).auin - 0.5).abs() < 1e-15);
        assert!((separated(10).auroc - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_tpr_used_is_the_closest_one() {
        let used = [(26_032, 24_730), (9_999, 9_499), (19, 18), (39, 37), (59, 56), (10, 9), (9, 9), (20, 19), (1, 1)];
        for (k, tp) in used {
            assert_eq!(tp_closest_to_95_percent(k), tp, "K = {k}");
        }
    }

    /// TNR in closed form: with K = 10,000, t is the 500th smallest known score.
    #[test]
    fn threshold_is_the_five_hundredth_of_ten_thousand() {
        let id: Vec<f64> = (0..10_000).map(|i| f64::from(i * 7 % 10_000)).collect();
        let ood: Vec<f64> = (0..1000).map(|i| f64::from(i) - 0.5).collect();
        // t = 499; below it lie −0.5, 0.5, ..., 498.5: 500 of 1,000.
        assert_eq!(evaluate(&sample(id), &sample(ood)).tnr_at_tpr95, 0.5);
    }

    #[test]
    fn ties_at_the_top_sink_auin() {
        let distinct = evaluate(&sample(vec![5.0, 4.0, 3.0, 2.0]), &sample(vec![1.0, 0.5, 0.4, 0.3]));
        let saturated = evaluate(&sample(vec![1.0; 4]), &sample(vec![1.0, 0.5, 0.4, 0.3]));
        assert!(saturated.auin < distinct.auin - 0.2, "{saturated:?} {distinct:?}");
    }
}
