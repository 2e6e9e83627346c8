//! Values of two samples of scores. A *procedure* names the positive class, the tie rule and the operating point; "FPR95" alone
//! names none of them.
//!
//! Each page says which (`oodbench explain lee`, for one); [`PROCEDURES`] lists them. All take scores that are higher = more in-distribution.
//!
//! Scores that come in portions or from several machines are a [`Metrics`]; [`state`] says how values of more scores than one machine holds are found.
//!
//! To add a procedure: write `src/metric/<id>.rs` with its `PROCEDURE` and its page `src/metric/<id>.md`, then name it in this file and in
//! [`registry`]. The command line, `explain`, the README's table and the tests iterate over the registry.

pub mod auroc;
pub mod autc;
pub mod bytes;
pub mod confidence;
pub mod cuts;
mod digit_counts;
mod flagged;
pub mod id_positive;
pub mod key_counts;
pub mod lee;
mod lee_areas;
pub mod misclassification;
pub mod openood;
pub mod operating_points;
pub mod oscr;
pub mod partial_auroc;
pub mod precision_recall;
pub mod prevalence;
pub mod procedure;
pub mod ranking;
pub mod registry;
pub mod reliability;
pub mod risk_coverage;
pub mod row_ranking;
pub mod sample;
pub mod selective;
pub mod state;
pub mod tie_groups;
pub mod values;

pub use auroc::PairCounts;
pub use bytes::BytesError;
pub use cuts::Cuts;
pub use key_counts::KeyCounts;
pub use procedure::{Better, Metric, Procedure};
pub use ranking::Ranking;
pub use registry::PROCEDURES;
pub use sample::{Sample, SampleError};
pub use state::{ComputeError, Metrics};
pub use values::MetricValues;

#[cfg(test)]
pub(crate) mod testing {
    use super::{MetricValues, Sample};

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

    pub(crate) fn assert_close(found: &MetricValues, expected: &[f64], tolerance: f64) {
        assert_eq!(found.iter().len(), expected.len());
        for ((metric, f), e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= tolerance, "{metric}: found {found:?}, expected {expected:?}");
        }
    }
}
