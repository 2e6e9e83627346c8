//! Sums of the exponentials of a row.

use super::exp::{ZERO_BELOW, exp_nonpositive};
use super::real::Real;
use super::scan::Top;
use super::vector::LANES;

/// `Σ w`, `Σ w·d` and `Σ w²` with `w = exp(d)`, in interleaved lanes, so that the order of additions does not depend on the width of the machine's
/// vectors.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    weights: [f64; LANES],
    weighted: [f64; LANES],
    squared: [f64; LANES],
}

impl Sums {
    /// `Σ w`, `Σ w·d` and `Σ w²`.
    #[must_use]
    pub fn totals(&self) -> [f64; 3] {
        [total(self.weights), total(self.weighted), total(self.squared)]
    }

    /// Adds values for which `counts` holds.
    #[inline(always)]
    fn add<T: Real>(&mut self, values: &[T; LANES], top: f64, scale: f64, counts: impl Fn(usize) -> bool) {
        for (lane, value) in values.iter().enumerate() {
            let difference = (value.to_f64() - top) * scale;
            // Clamped before the product too, which would be −∞·0 for extreme rows. What does not count weighs nothing.
            let difference = if difference > ZERO_BELOW && counts(lane) { difference } else { ZERO_BELOW };
            let weight = exp_nonpositive(difference);
            self.weights[lane] += weight;
            self.weighted[lane] += weight * difference;
            self.squared[lane] += weight * weight;
        }
    }
}

/// Adds `exp((z_k − z_max)·scale)` of all but the largest value, and what goes with it, to the sums. Leaving the largest out, not subtracting its 1
/// afterwards, is what keeps small sums exact.
///
/// The sums are the caller's: were they totalled here, compilers would keep each lane in a register of its own.
#[inline(always)]
pub(super) fn add_exponentials<T: Real>(row: &[T], top: Top, scale: f64, sums: &mut Sums) {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let own = top.index / LANES;
    for (index, chunk) in chunks.iter().enumerate() {
        if index != own {
            sums.add(chunk, top.value, scale, |_| true);
        }
    }
    if let Some(chunk) = chunks.get(own) {
        sums.add(chunk, top.value, scale, |lane| lane != top.index % LANES);
    }
    match row.last_chunk::<LANES>() {
        _ if rest.is_empty() => {}
        // Some of its values stand in the chunk before as well.
        Some(last) => {
            let start = row.len() - LANES;
            sums.add(last, top.value, scale, |lane| lane >= LANES - rest.len() && start + lane != top.index);
        }
        None => {
            let mut values = [T::NEG_INFINITY; LANES];
            values[..rest.len()].copy_from_slice(rest);
            sums.add(&values, top.value, scale, |lane| lane != top.index);
        }
    }
}

/// The sum of all lanes, by halves: one after the other each addition would wait for the one before.
#[inline(always)]
fn total([a, b, c, d, e, f, g, h]: [f64; LANES]) -> f64 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}
