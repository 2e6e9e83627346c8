//! Figures of two samples of scores. A *procedure* names the positive class, the tie rule and the operating point; "FPR95" alone
//! names none of them.
//!
//! | procedure | positive class | ties | operating point |
//! |---|---|---|---|
//! | [`lee`] | in-distribution | count against the score | TPR closest to 95 %, first index |
//! | [`openood`] | out-of-distribution (FPR), both (AUPR) | count half | first ROC vertex with TPR ≥ 95 % |
//! | [`id_positive`] | in-distribution (FPR), both (AP) | one threshold for all | first threshold with TPR ≥ 95 % |
//!
//! All take scores that are higher = more in-distribution.

pub mod auroc;
pub mod confidence;
pub mod id_positive;
pub mod lee;
mod lee_areas;
pub mod openood;
pub mod precision_recall;
pub mod ranking;
pub mod sample;
pub mod tie_groups;

pub use auroc::PairCounts;
pub use ranking::Ranking;
pub use sample::{Sample, SampleError};

use crate::stats::bootstrap::Method;

/// A way of measuring, with every convention it fixes.
#[derive(Clone, Copy)]
pub struct Procedure {
    /// Its name in records and on the command line.
    pub id: &'static str,
    /// Its conventions in one line.
    pub title: &'static str,
    /// Its figures, in the order [`Procedure::figures`] gives them.
    pub metrics: &'static [Metric],
    /// The figures, as fractions, of ID and OOD scores in order.
    pub figures: fn(ranking: &Ranking) -> Vec<f64>,
}

impl Procedure {
    /// The figures of an ID and an OOD sample; for several procedures of the same two make the [`Ranking`] once.
    #[must_use]
    pub fn evaluate(&self, id: &Sample, ood: &Sample) -> Vec<f64> {
        (self.figures)(&Ranking::new(id, ood))
    }
}

/// One figure of a procedure.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name in records.
    pub id: &'static str,
    /// Its heading in tables; names the positive class where there is a choice.
    pub title: &'static str,
    /// Which way is better.
    pub better: Better,
    /// How its bootstrap interval is made: the way that covers in simulations (`tests/core/coverage.rs`).
    pub interval: Method,
}

/// Which way a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Larger is better.
    Higher,
    /// Smaller is better.
    Lower,
}

/// All procedures, the headline first.
pub const PROCEDURES: &[Procedure] = &[lee::PROCEDURE, openood::PROCEDURE, id_positive::PROCEDURE];

#[cfg(test)]
pub(crate) mod testing {
    use super::Sample;

    /// The four toy pairs of samples that the golden vectors of the procedures are given for.
    pub(crate) fn toys() -> Vec<(Sample, Sample)> {
        let ascending: Vec<f64> = (0..10).map(f64::from).collect();
        let shifted: Vec<f64> = ascending.iter().map(|v| v + 0.5).collect();
        [
            (vec![0.9, 0.8, 0.7, 0.6], vec![0.65, 0.5, 0.4, 0.3]),
            (vec![3.0, 3.0, 2.0, 2.0, 1.0], vec![3.0, 2.0, 1.0, 1.0]),
            (vec![1.0; 10], vec![1.0; 10]),
            (shifted, ascending),
        ]
        .into_iter()
        .map(|(id, ood)| (sample(id), sample(ood)))
        .collect()
    }

    pub(crate) fn sample(scores: Vec<f64>) -> Sample {
        Sample::new(scores).expect("finite scores")
    }

    pub(crate) fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= tolerance, "found {found:?}, expected {expected:?}");
        }
    }
}
