//! The studentised range with infinitely many degrees of freedom: how far the largest of k independent standard normal numbers lies above the smallest.
//!
//! # Formula
//!
//! ```text
//! P(Q ≤ q) = k ∫ φ(z) (Φ(z) − Φ(z − q))^(k − 1) dz          z is the largest of the k numbers
//! ```
//!
//! The integral is a sum over steps of 1/16 from −9 to 9: for an integrand this smooth that fades at both ends, the error of the trapezoidal rule is below
//! 10⁻¹³. What is below 10⁻¹⁵ of the upper tail is lost to rounding.
//!
//! # Source
//!
//! H. Harter, Tables of Range and Studentized Range, Annals of Mathematical Statistics 31 (1960).

use std::f64::consts::PI;

use super::normal;

const STEP: f64 = 1.0 / 16.0;
const STEPS: i32 = 9 * 16;

/// The share below `q` of the range of `k` numbers, at least 2.
///
/// ```
/// use oodbench::stats::studentised_range::share_below;
/// // Of two the range is |N(0, 2)|: P(|N(0, 1)| ≤ 1.96).
/// let two = share_below(1.959_963_984_540_054 * 2.0_f64.sqrt(), 2);
/// assert!((two - 0.95).abs() < 1e-12, "{two}");
/// ```
#[must_use]
pub fn share_below(q: f64, k: usize) -> f64 {
    if q <= 0.0 {
        return 0.0;
    }
    let others = i32::try_from(k).unwrap_or(i32::MAX) - 1;
    let density = |step: i32| {
        let z = f64::from(step) * STEP;
        let between = normal::share_below(z) - normal::share_below(z - q);
        (-z * z / 2.0).exp() * between.powi(others)
    };
    let sum: f64 = (-STEPS..=STEPS).map(density).sum();
    (sum * STEP * k as f64 / (2.0 * PI).sqrt()).min(1.0)
}

/// The range that the share lies below, between 0 and 1.
///
/// ```
/// use oodbench::stats::studentised_range::quantile;
/// // scipy.stats.studentized_range.ppf(0.95, 4, inf)
/// assert!((quantile(0.95, 4) - 3.633_160).abs() < 1e-6);
/// ```
#[must_use]
pub fn quantile(share: f64, k: usize) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if share_below(middle, k) < share { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}
