//! From one value to another along half a wave of the cosine.

use std::f64::consts::PI;

/// `from` at share 0, `to` at share 1, flat at both ends.
pub(super) fn anneal(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) / 2.0 * (1.0 + (PI * share).cos())
}
