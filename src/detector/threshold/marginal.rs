//! Conformal threshold: a bound on the probability that a new ID row is flagged.
//!
//! ```text
//! p(x) = (1 + #{c ≤ x}) / (n + 1)        flag iff p(x) ≤ α  ⟺  x < c_(k),  k = ⌊α(n + 1)⌋
//! P(flag) ≤ α   where the n calibration rows and the new row are exchangeable
//! ```
//!
//! The probability is over calibration rows *and* new row: the rate of one threshold varies from calibration to calibration, as Beta(k, n + 1 − k)
//! does, and is above α in almost half of them.
//!
//! Sources: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2005; Bates et al., Testing for outliers with conformal p-values, 2023.

use crate::numeric::share::share_of;

/// The rank; none if `n` < 1/α − 1.
///
/// ```
/// use oodbench::detector::threshold::marginal::rank;
/// assert_eq!([rank(0.05, 1000), rank(0.05, 19), rank(0.05, 18)], [Some(50), Some(1), None]);
/// ```
#[must_use]
pub fn rank(alpha: f64, n: usize) -> Option<usize> {
    let k = share_of(alpha, n + 1).floor() as usize;
    (k >= 1).then(|| k.min(n)).filter(|&k| k >= 1)
}
