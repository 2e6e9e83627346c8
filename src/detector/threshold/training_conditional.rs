//! What "5 % false alarms" means to whoever runs the detector: this threshold flags at most 5 % of ID rows, and that was settled when it was chosen.
//!
//! ```text
//! false alarm rate of c_(k) ~ Beta(k, n + 1 − k)        stochastically less with ties
//! k = the largest with P(Beta(k, n + 1 − k) ≤ α) ≥ 1 − δ
//! ```
//!
//! With probability 1 − δ over the calibration rows the rate is at most α. The least n has (1 − α)ⁿ ≤ δ.
//!
//! Source: Vovk, Conditional validity of inductive conformal predictors, ACML 2012, proposition 2; the order statistic's law is that of any
//! continuous distribution.

use crate::stats::binomial::at_least;

/// The rank; none if there are too few rows.
///
/// ```
/// use oodbench::detector::threshold::training_conditional::rank;
/// assert_eq!([rank(0.05, 0.1, 1000), rank(0.05, 0.05, 59), rank(0.05, 0.05, 58)], [Some(41), Some(1), None]);
/// ```
#[must_use]
pub fn rank(alpha: f64, delta: f64, n: usize) -> Option<usize> {
    // P(Beta(k, n + 1 − k) ≤ α) = P(Bin(n, α) ≥ k) falls with k.
    let holds = |k: usize| at_least(k, n, alpha) >= 1.0 - delta;
    let (mut low, mut high) = (0, n + 1);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if holds(middle) { low = middle } else { high = middle }
    }
    (low >= 1).then_some(low)
}
