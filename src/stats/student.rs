//! Student's t distribution: what a mean of a few values is worth.
//!
//! # Formula
//!
//! ```text
//! P(|T| ≥ t) = I_x(df/2, 1/2),   x = df/(df + t²)          I: the regularised incomplete beta function
//! mean ± t·s/√n holds the true mean in a share `level` of samples of n normal values, s their standard deviation (n − 1),
//! t the value with P(|T| ≥ t) = 1 − level at n − 1 degrees of freedom
//! ```
//!
//! Source: DLMF 8.17; Student, The Probable Error of a Mean, Biometrika 6 (1908).

use super::beta;
use super::bootstrap::Interval;
use super::spread::mean_and_std;

/// How likely |T| is to be at least this large: the p-value of a two-sided test.
///
/// ```
/// use oodbench::stats::student::two_sided;
/// // One degree of freedom is the Cauchy distribution: half of it lies beyond ±1. Of two, P(|T| ≥ t) = 1 − t/√(2 + t²).
/// assert!((two_sided(1.0, 1.0) - 0.5).abs() < 1e-14);
/// assert!((two_sided(-2.0, 2.0) - (1.0 - 2.0 / 6.0_f64.sqrt())).abs() < 1e-14);
/// ```
#[must_use]
pub fn two_sided(t: f64, degrees: f64) -> f64 {
    beta::regularised(degrees / 2.0, 0.5, degrees / (degrees + t * t))
}

/// The t that |T| reaches with this probability.
///
/// ```
/// use oodbench::stats::student::quantile;
/// // The tables' t for 95 % and two degrees of freedom.
/// assert!((quantile(0.05, 2.0) - 4.302_652_729_911_275).abs() < 1e-9);
/// ```
#[must_use]
pub fn quantile(beyond: f64, degrees: f64) -> f64 {
    let x = beta::quantile(degrees / 2.0, 0.5, beyond);
    (degrees * (1.0 - x) / x).sqrt()
}

/// Where the mean of all such values lies, from two or more of them; none from fewer.
///
/// ```
/// use oodbench::stats::student::interval_of_mean;
/// let found = interval_of_mean(&[1.0, 2.0, 3.0], 0.95).unwrap();
/// // 2 ± 4.3027 · 1/√3.
/// assert!((found.low - -0.484_137_711).abs() < 1e-8 && (found.high - 4.484_137_711).abs() < 1e-8);
/// assert!(interval_of_mean(&[1.0], 0.95).is_none());
/// ```
#[must_use]
pub fn interval_of_mean(values: &[f64], level: f64) -> Option<Interval> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let spread = mean_and_std(values);
    let half = quantile(1.0 - level, n - 1.0) * spread.std / n.sqrt();
    Some(Interval { low: spread.mean - half, high: spread.mean + half })
}
