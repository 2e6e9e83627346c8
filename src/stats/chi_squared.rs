//! The chi-squared distribution with a whole number of degrees of freedom.
//!
//! # Formula
//!
//! ```text
//! P(χ²_ν > x) = e^(−h) Σ_{i < ν/2} h^i / i!                                   ν even, h = x/2
//!             = erfc(√h) + e^(−h) Σ_{1 ≤ i ≤ (ν−1)/2} h^(i − ½) / Γ(i + ½)    ν odd
//! ```
//!
//! Every term is positive, so nothing cancels in the tail.
//!
//! Source: DLMF 8.4.10 and 8.8.9.

use libm::{erfc, lgamma};

/// The share above `x`.
///
/// ```
/// use oodbench::stats::chi_squared::share_above;
/// // e^(−h) of two degrees of freedom; scipy.stats.chi2.sf(7.815, 3).
/// assert_eq!(share_above(3.0, 2), (-1.5_f64).exp());
/// assert!((share_above(7.815, 3) - 0.049_993_9).abs() < 1e-7);
/// ```
///
/// # Panics
/// Without a degree of freedom.
#[must_use]
pub fn share_above(x: f64, degrees: usize) -> f64 {
    assert!(degrees > 0, "at least one degree of freedom");
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let half = x / 2.0;
    let (first, offset, alone) = if degrees.is_multiple_of(2) { (0, 0.0, 0.0) } else { (1, 0.5, erfc(half.sqrt())) };
    let term = |i: usize| {
        let power = i as f64 - offset;
        (power * half.ln() - half - lgamma(power + 1.0)).exp()
    };
    let rest: f64 = (first..degrees.div_ceil(2)).map(term).sum();
    (alone + rest).min(1.0)
}
