//! Benjamini and Hochberg's procedure.
//!
//! ```text
//! k = the largest with p_(k) ≤ q·k/m        flag p ≤ p_(k)
//! ```

use super::tally::Tally;

/// The largest p-value that is flagged.
///
/// ```
/// use oodbench::detector::batch::{bh::cutoff, tally::Tally};
/// let tally = Tally::of(&[0.005, 0.005, 0.005, 0.305, 0.605, 0.905, 0.005, 0.015]);
/// assert_eq!(cutoff(&tally, 0.05), Some(0.015));
/// assert_eq!(tally.up_to(0.015), 5);
/// ```
#[must_use]
pub fn cutoff(tally: &Tally, q: f64) -> Option<f64> {
    let m = tally.total() as f64;
    tally.cumulative().filter(|(p, k)| *p * m <= q * *k as f64).map(|(p, _)| p).last()
}
