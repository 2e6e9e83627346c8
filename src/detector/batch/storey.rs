//! Storey's procedure: Benjamini and Hochberg's at a level that counts how many rows are ID.
//!
//! ```text
//! π̂₀ = (1 + #{p > λ}) / (m·(1 − λ)),  λ = 0.5        flag as BH at q/π̂₀, only p ≤ λ
//! ```

use super::bh;
use super::tally::Tally;

const LAMBDA: f64 = 0.5;

/// The largest p-value that is flagged.
///
/// ```
/// use oodbench::detector::batch::{storey::cutoff, tally::Tally};
/// // 8 of 10 are small: π̂₀ = (1 + 1)/(10·0.5) = 0.4, so that BH runs at 0.25 and flags 0.2 ≤ 0.25·9/10.
/// let tally = Tally::of(&[0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.2, 0.9]);
/// assert_eq!(cutoff(&tally, 0.1), Some(0.2));
/// ```
#[must_use]
pub fn cutoff(tally: &Tally, q: f64) -> Option<f64> {
    let m = tally.total();
    if m == 0 {
        return None;
    }
    let above = m - tally.up_to(LAMBDA);
    let share = (1 + above) as f64 / (m as f64 * (1.0 - LAMBDA));
    bh::cutoff(tally, q / share).map(|p| p.min(LAMBDA))
}
