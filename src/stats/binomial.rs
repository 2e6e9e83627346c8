//! The binomial distribution: how many of n rows do what each does with probability p, and what a count says of p.
//!
//! # Formula
//!
//! ```text
//! P(Bin(n, p) ≥ k) = I_p(k, n − k + 1) = P(Beta(k, n + 1 − k) ≤ p)        I the regularised incomplete beta function
//! Clopper–Pearson, level 1 − a:  [Beta⁻¹(a/2; k, n − k + 1), Beta⁻¹(1 − a/2; k + 1, n − k)]       0 for k = 0, 1 for k = n
//! Wilson, z = Φ⁻¹(1 − a/2):      (p̂ + z²/2n ± z·√(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n)                p̂ = k/n
//! ```
//!
//! Clopper and Pearson's interval holds the true p in at least 1 − a of samples, whatever n and p; Wilson's does so on average.
//!
//! Sources: Clopper & Pearson, Biometrika 26 (1934); Wilson, JASA 22 (1927).

use super::beta;
use super::bootstrap::Interval;
use super::normal::quantile;

/// How likely at least `k` of `n` are where each is with probability `p`, from 0 to 1.
///
/// ```
/// use oodbench::stats::binomial::at_least;
/// // scipy.stats.binom.sf(2, 10, 0.2)
/// assert!((at_least(3, 10, 0.2) - 0.322_200_473_6).abs() < 1e-12);
/// assert_eq!(at_least(0, 10, 0.2), 1.0);
/// ```
#[must_use]
pub fn at_least(k: usize, n: usize, p: f64) -> f64 {
    match k {
        0 => 1.0,
        k if k > n => 0.0,
        k => beta::regularised(k as f64, (n - k) as f64 + 1.0, p.clamp(0.0, 1.0)),
    }
}

/// How likely at most `k` of `n` are.
///
/// ```
/// use oodbench::stats::binomial::at_most;
/// // McNemar's exact test: of 20 rows on which two detectors decide otherwise 5 are the first one's; p = 0.041389.
/// assert!((2.0 * at_most(5, 20, 0.5) - 0.041_389).abs() < 5e-7);
/// ```
#[must_use]
pub fn at_most(k: usize, n: usize, p: f64) -> f64 {
    // The other tail by its own formula: 1 − P would keep no digits of a small one.
    if k >= n { 1.0 } else { at_least(n - k, n, 1.0 - p) }
}

/// Clopper and Pearson's interval for a share of which `k` of `n` were seen.
///
/// ```
/// use oodbench::stats::binomial::clopper_pearson;
/// let interval = clopper_pearson(5, 100, 0.95);
/// assert!((interval.low - 0.016_431_88).abs() < 1e-8 && (interval.high - 0.112_834_91).abs() < 1e-8);
/// ```
#[must_use]
pub fn clopper_pearson(k: usize, n: usize, level: f64) -> Interval {
    let tail = (1.0 - level) / 2.0;
    let (hits, misses) = (k as f64, (n - k) as f64);
    let low = if k == 0 { 0.0 } else { beta::quantile(hits, misses + 1.0, tail) };
    let high = if k == n { 1.0 } else { beta::quantile(hits + 1.0, misses, 1.0 - tail) };
    Interval { low, high }
}

/// Wilson's interval for a share of which `k` of `n` were seen, `n` above 0.
///
/// ```
/// use oodbench::stats::binomial::wilson;
/// let interval = wilson(5, 100, 0.95);
/// assert!((interval.low - 0.021_543_67).abs() < 1e-8 && (interval.high - 0.111_750_47).abs() < 1e-8);
/// ```
#[must_use]
pub fn wilson(k: usize, n: usize, level: f64) -> Interval {
    let (n, z) = (n as f64, quantile(f64::midpoint(1.0, level)));
    let share = k as f64 / n;
    let centre = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    Interval { low: ((centre - half) / scale).max(0.0), high: ((centre + half) / scale).min(1.0) }
}
