//! One number for a score over many runs and sets, and how probably one score is above another: the aggregates of reliable evaluation.
//!
//! # Formula
//!
//! R runs × T sets with values x_rt:
//!
//! ```text
//! IQM            = mean of the middle half: ⌊RT/4⌋ values cut off at either end of all RT
//! median         = median over sets of the means over runs
//! P(A above B)   = mean over sets of the share of pairs of a run of A and a run of B with x_A > x_B, equal ones half
//! ```
//!
//! The IQM holds out against one failed set and uses more of the values than the median does. It has no interval here: that of the source, percentiles of draws of the
//! runs within each set, holds the truth too seldom for the few runs that a table has, and says nothing of other sets.
//!
//! # Source
//!
//! R. Agarwal, M. Schwarzer, P. Castro, A. Courville, M. Bellemare, Deep Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021.
//!
//! # Example
//!
//! ```
//! use oodbench::stats::aggregate::{above, iqm, median};
//! // Three sets (rows) with three runs each.
//! let own = [vec![0.9, 0.92, 0.88], vec![0.8, 0.78, 0.82], vec![0.7, 0.75, 0.71]];
//! assert!((iqm(&own) - 0.806).abs() < 1e-12);
//! assert!((median(&own) - 0.8).abs() < 1e-12);
//! let other = [vec![0.89, 0.92, 0.91], vec![0.77, 0.77, 0.80], vec![0.72, 0.73, 0.70]];
//! // 3.5, 7.5 and 4.5 of nine pairs each.
//! assert!((above(&own, &other) - 15.5 / 27.0).abs() < 1e-12);
//! ```

/// The mean of the middle half of all values; `sets` holds the values of the runs on each set.
#[must_use]
pub fn iqm(sets: &[Vec<f64>]) -> f64 {
    let mut sorted = sets.concat();
    sorted.sort_unstable_by(f64::total_cmp);
    let cut = sorted.len() / 4;
    mean(&sorted[cut..sorted.len() - cut])
}

/// The median over sets of the means over runs.
#[must_use]
pub fn median(sets: &[Vec<f64>]) -> f64 {
    let mut means: Vec<f64> = sets.iter().map(|runs| mean(runs)).collect();
    means.sort_unstable_by(f64::total_cmp);
    if means.is_empty() { f64::NAN } else { f64::midpoint(means[(means.len() - 1) / 2], means[means.len() / 2]) }
}

/// How probably a run of the first is above a run of the second on a set.
///
/// # Panics
/// If they have values on different numbers of sets.
#[must_use]
pub fn above(first: &[Vec<f64>], second: &[Vec<f64>]) -> f64 {
    assert_eq!(first.len(), second.len(), "values on the same sets");
    let on_set = |(first, second): (&Vec<f64>, &Vec<f64>)| {
        let pairs = first.iter().flat_map(|a| second.iter().map(move |b| (a, b)));
        let wins = pairs.map(|(a, b)| {
            if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            }
        });
        mean(&wins.collect::<Vec<_>>())
    };
    mean(&first.iter().zip(second).map(on_set).collect::<Vec<_>>())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
