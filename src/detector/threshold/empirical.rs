//! The empirical quantile: what most code does, and what promises nothing.
//!
//! ```text
//! k = ⌊α·n⌋ + 1        at most ⌊α·n⌋ calibration rows lie below c_(k)
//! ```
//!
//! Of new ID rows it flags a share that varies with the calibration rows: above α in about half of all calibrations.

use crate::numeric::share::share_of;

/// The rank; none of no rows.
///
/// ```
/// use oodbench::detector::threshold::empirical::rank;
/// assert_eq!([rank(0.05, 100), rank(0.05, 99), rank(0.05, 0)], [Some(6), Some(5), None]);
/// ```
#[must_use]
pub fn rank(alpha: f64, n: usize) -> Option<usize> {
    let k = share_of(alpha, n).floor() as usize + 1;
    (k <= n).then_some(k)
}
