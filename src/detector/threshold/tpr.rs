//! "The threshold at 95 % TPR": at least that share of the calibration rows is kept, positive class ID.
//!
//! ```text
//! k = n − ⌈tpr·n⌉ + 1        the highest threshold that keeps ⌈tpr·n⌉ of the n calibration rows
//! ```
//!
//! The words are those of papers, which read the threshold and the rates off the same rows; of new rows it promises nothing.

use crate::numeric::share::share_of;

/// The rank; none of no rows.
///
/// ```
/// use oodbench::detector::threshold::tpr::rank;
/// assert_eq!([rank(0.95, 100), rank(0.95, 99), rank(0.95, 0)], [Some(6), Some(5), None]);
/// ```
#[must_use]
pub fn rank(tpr: f64, n: usize) -> Option<usize> {
    let kept = share_of(tpr, n).ceil() as usize;
    (n > 0).then(|| n - kept.clamp(1, n) + 1)
}
