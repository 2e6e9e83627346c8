//! The standard normal distribution.

use std::f64::consts::SQRT_2;

use libm::erfc;

/// The share below `z`.
///
/// ```
/// use oodbench::stats::normal::{quantile, share_below};
/// assert_eq!(share_below(0.0), 0.5);
/// // scipy.stats.norm.cdf(-1.5) and ppf(0.025).
/// assert!((share_below(-1.5) - 0.066_807_201_268_858_07).abs() < 1e-15);
/// assert!((quantile(0.025) - -1.959_963_984_540_054).abs() < 1e-12);
/// ```
#[must_use]
pub fn share_below(z: f64) -> f64 {
    erfc(-z / SQRT_2) / 2.0
}

/// The `z` that a share lies below, between 0 and 1; no further out than ±9.
#[must_use]
pub fn quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    // Halved until nothing lies between.
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if share_below(middle) < share { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}
