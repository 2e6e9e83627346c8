//! The logarithm of one more than an exponential.

use super::exp::exp_nonpositive;

/// `log(1 + exp(x))`, the same on every machine.
///
/// ```
/// use oodbench::numeric::softplus::softplus;
/// assert!((softplus(0.0) - 2.0_f64.ln()).abs() < 1e-15);
/// assert_eq!((softplus(800.0), softplus(f64::NEG_INFINITY)), (800.0, 0.0));
/// ```
#[must_use]
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + exp_nonpositive(-x.abs()).ln_1p()
}
