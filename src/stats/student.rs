//! Student's t distribution, with any number of degrees of freedom above 0.
//!
//! # Formula
//!
//! ```text
//! P(|T| ≥ t) = I_x(ν/2, ½),   x = ν/(ν + t²)                 I the regularised incomplete beta function
//! ```
//!
//! Source: DLMF 8.17; Student, The Probable Error of a Mean, Biometrika 6 (1908).

use super::{beta, normal};

/// More degrees of freedom are those of the normal distribution: the two differ by less than 10⁻⁸.
const NORMAL: f64 = 1e8;

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
    if t.is_infinite() {
        return 0.0;
    }
    if degrees > NORMAL {
        return 2.0 * normal::share_below(-t.abs());
    }
    beta::regularised(degrees / 2.0, 0.5, degrees / (degrees + t * t))
}

/// The t that |T| reaches with this probability, between 0 and 1.
///
/// ```
/// use oodbench::stats::student::quantile;
/// // The tables' t for 95 % and two degrees of freedom.
/// assert!((quantile(0.05, 2.0) - 4.302_652_729_911_275).abs() < 1e-9);
/// ```
#[must_use]
pub fn quantile(beyond: f64, degrees: f64) -> f64 {
    if degrees > NORMAL {
        return -normal::quantile(beyond / 2.0);
    }
    let x = beta::quantile(degrees / 2.0, 0.5, beyond);
    (degrees * (1.0 - x) / x).sqrt()
}
