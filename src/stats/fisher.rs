//! Fisher's F distribution.
//!
//! # Formula
//!
//! ```text
//! P(F_{a,b} > f) = I_{b/(b + a·f)}(b/2, a/2)                                  I the regularised incomplete beta function
//! ```
//!
//! Source: DLMF 8.17; J. Johnson, S. Kotz, Continuous Univariate Distributions 2, ch. 27.

use super::beta;

/// The share above `f` with `a` and `b` degrees of freedom.
///
/// ```
/// use oodbench::stats::fisher::share_above;
/// // 1/(1 + f) of two and two; scipy.stats.f.sf(3.686313, 3, 39).
/// assert!((share_above(3.0, 2.0, 2.0) - 0.25).abs() < 1e-15);
/// assert!((share_above(3.686_313, 3.0, 39.0) - 0.019_823).abs() < 1e-6);
/// ```
#[must_use]
pub fn share_above(f: f64, a: f64, b: f64) -> f64 {
    if f.is_infinite() { 0.0 } else { beta::regularised(b / 2.0, a / 2.0, b / (b + a * f.max(0.0))) }
}
