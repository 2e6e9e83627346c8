//! The procedure of Lee et al. (2018), which Macêdo & Ludermir report: bit-exact, every quirk included.
//!
//! # Formula
//!
//! K scores are ID ("known"), N are OOD ("novel"), the positive class is ID. Scores are removed one by one from the lowest upwards; after
//! each removal `tp` known and `fp` novel ones are left. Of a known and a novel score of equal value the *known* one is removed first.
//!
//! ```text
//! TNR@TPR95 = 1 − fp/N      at the first state whose tp/K is closest to 0.95
//! AUROC     = area under the states (fp/N, tp/K)                  = P(novel < known): ties count 0
//! DTACC     = ½ · max (tp/K + 1 − fp/N)
//! AUIN      = area under (tp/K, tp/(tp+fp)), ends (1, ½) and (0, 0)
//! AUOUT     = area under ((N−fp)/N, (N−fp)/(K−tp+N−fp)), ends (0, 0) and (1, ½)
//! ```
//!
//! # Quirks, all kept
//!
//! * K ≤ 9: TNR is 0 even under perfect separation, since TPR 1 is closest to 0.95. At K = 10 rounding decides for 0.9.
//! * K not a multiple of 20: the TPR used is near 0.95, not 0.95 (24,730/26,032 = 0.949985), and may be below.
//! * Ties count 0 in AUROC; constant scores have AUROC 0, DTACC ½ and AUIN = AUOUT = 0.306229 at K = N = 10.
//! * Areas are trapezoids; AUIN ends at (0, 0) and so loses up to ½/K.
//!
//! Sums are added in NumPy's order, so every figure equals the original's to the last bit. NaN, which the original takes for the largest score, is
//! refused beforehand; one score in a file, on which the original crashes, is fine.
//!
//! # Source
//!
//! K. Lee et al., NeurIPS 2018, arXiv:1807.03888, the function `metric` of their published code.
//!
//! # Example
//!
//! ```
//! use oodbench::metric::{Sample, lee};
//! let id = Sample::new(vec![0.9, 0.8, 0.7, 0.6]).unwrap();
//! let ood = Sample::new(vec![0.65, 0.5, 0.4, 0.3]).unwrap();
//! // 15 of the 16 pairs are in order.
//! assert_eq!(lee::evaluate(&id, &ood).auroc, 15.0 / 16.0);
//! ```

use super::{Better, Metric, Procedure, Sample};
use crate::numeric::pairwise_sum::pairwise_sum;

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "lee",
    title: "Lee et al. (the paper's): positive class ID; ties count against the score; TPR closest to 95 %",
    metrics: &[
        Metric { id: "tnr_at_tpr95", title: "TNR@TPR95 (ID pos.)", better: Better::Higher },
        Metric { id: "auroc", title: "AUROC", better: Better::Higher },
        Metric { id: "dtacc", title: "DTACC", better: Better::Higher },
        Metric { id: "auin", title: "AUIN", better: Better::Higher },
        Metric { id: "auout", title: "AUOUT", better: Better::Higher },
    ],
    evaluate: |id, ood| {
        let figures = evaluate(id, ood);
        vec![figures.tnr_at_tpr95, figures.auroc, figures.dtacc, figures.auin, figures.auout]
    },
};

/// The five figures, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
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

/// The figures of an ID and an OOD sample.
#[must_use]
pub fn evaluate(id: &Sample, ood: &Sample) -> Figures {
    let (k, n) = (id.len() as f64, ood.len() as f64);
    let total = id.len() + ood.len();
    let walk = || Walk::new(id.ascending(), ood.ascending());

    let at_95 = tp_closest_to_95_percent(id.len());
    let fp_at_95 = walk().find(|state| state.tp == at_95).map_or(0, |state| state.fp);
    let largest = walk().map(|s| s.tp as f64 / k + 1.0 - s.fp as f64 / n).fold(f64::NEG_INFINITY, f64::max);

    // Each area runs over the states plus one doubled or invented point at either end: so many points, one trapezoid fewer.
    let roc = walk().map(|s| (s.tp as f64 / k, 1.0 - s.fp as f64 / n));
    let roc = [(1.0, 0.0)].into_iter().chain(roc).chain([(0.0, 1.0)]);
    let auroc = -trapezoids(roc, total + 2);

    // The last state has nothing left, no precision.
    let precision_in = walk().take(total).map(|s| (s.tp as f64 / k, s.tp as f64 / (s.tp + s.fp) as f64));
    let auin = -trapezoids([(1.0, 0.5)].into_iter().chain(precision_in).chain([(0.0, 0.0)]), total + 1);

    // The first state has nothing removed, no precision of the other class.
    let precision_out = walk().skip(1).map(|s| {
        let (known, novel) = (id.len() - s.tp, ood.len() - s.fp);
        (1.0 - s.fp as f64 / n, novel as f64 / (known + novel) as f64)
    });
    let auout = trapezoids([(0.0, 0.0)].into_iter().chain(precision_out).chain([(1.0, 0.5)]), total + 1);

    Figures { tnr_at_tpr95: 1.0 - fp_at_95 as f64 / n, auroc, dtacc: 0.5 * largest, auin, auout }
}

/// The `tp` of the first state whose `tp/K` is closest to 0.95, decided in `f64` as the original does.
fn tp_closest_to_95_percent(k: usize) -> usize {
    let distance = |tp: usize| (tp as f64 / k as f64 - 0.95).abs();
    let guess = (0.95 * k as f64) as usize;
    // From the top down, so that the larger of two equally close ones, which comes first, wins.
    let candidates = (guess.saturating_sub(1)..=(guess + 2).min(k)).rev();
    candidates.reduce(|best, tp| if distance(tp) < distance(best) { tp } else { best }).unwrap_or(k)
}

/// `Σ (x_{i+1} − x_i)·(y_{i+1} + y_i)/2` over `terms` trapezoids, each term and the sum rounded as in NumPy's.
fn trapezoids(mut points: impl Iterator<Item = (f64, f64)>, terms: usize) -> f64 {
    let mut last = points.next().unwrap_or_default();
    let mut areas = points.map(|point| {
        let area = (point.0 - last.0) * (point.1 + last.1) / 2.0;
        last = point;
        area
    });
    pairwise_sum(&mut areas, terms)
}

/// What is left above the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    tp: usize,
    fp: usize,
}

/// The states from "all accepted" to "all rejected", one removal at a time: K + N + 1 of them.
struct Walk<'a> {
    known: &'a [f64],
    novel: &'a [f64],
    ended: bool,
}

impl<'a> Walk<'a> {
    fn new(known: &'a [f64], novel: &'a [f64]) -> Self {
        Self { known, novel, ended: false }
    }
}

impl Iterator for Walk<'_> {
    type Item = State;

    fn next(&mut self) -> Option<State> {
        if self.ended {
            return None;
        }
        let state = State { tp: self.known.len(), fp: self.novel.len() };
        match (self.known.split_first(), self.novel.split_first()) {
            (None, None) => self.ended = true,
            (Some((_, rest)), None) => self.known = rest,
            (None, Some((_, rest))) => self.novel = rest,
            (Some((known, _)), Some((novel, rest))) if novel < known => self.novel = rest,
            (Some((_, rest)), Some(_)) => self.known = rest,
        }
        Some(state)
    }
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
            assert_close(&(PROCEDURE.evaluate)(id, ood), &expected, 5e-7);
        }
    }

    fn separated(k: usize) -> Figures {
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
