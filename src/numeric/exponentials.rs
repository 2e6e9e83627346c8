//! Sums of the exponentials of a row.

use super::exp::{ZERO_BELOW, exp_nonpositive, exp_of_rest, reduced};
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
            // What does not count weighs nothing.
            let difference = if counts(lane) { difference(*value, top, scale) } else { ZERO_BELOW };
            self.add_one(lane, exp_nonpositive(difference), difference);
        }
    }

    /// Adds all values of a block but those of one chunk.
    ///
    /// In three loops over buffers, where one would have each number's whole chain of operations in it: a processor without AVX-512 runs 1.2 times as
    /// many of the short ones in its window.
    #[inline(always)]
    fn add_block<T: Real>(&mut self, values: &[[T; LANES]; BLOCK], top: f64, scale: f64, own: Option<usize>) {
        let mut differences = [[0.0; LANES]; BLOCK];
        let mut rests = [[0.0; LANES]; BLOCK];
        let mut weights = [[0.0; LANES]; BLOCK];
        for (difference_of, value) in differences.as_flattened_mut().iter_mut().zip(values.as_flattened()) {
            *difference_of = difference(*value, top, scale);
        }
        let differences_of = differences.as_flattened().iter();
        for ((rest, weight), difference) in
            rests.as_flattened_mut().iter_mut().zip(weights.as_flattened_mut()).zip(differences_of)
        {
            (*rest, *weight) = reduced(*difference);
        }
        for (weight, rest) in weights.as_flattened_mut().iter_mut().zip(rests.as_flattened()) {
            *weight *= exp_of_rest(*rest);
        }
        for (chunk, (weights, differences)) in weights.iter().zip(&differences).enumerate() {
            if Some(chunk) != own {
                for lane in 0..LANES {
                    self.add_one(lane, weights[lane], differences[lane]);
                }
            }
        }
    }

    #[inline(always)]
    fn add_one(&mut self, lane: usize, weight: f64, difference: f64) {
        self.weights[lane] += weight;
        self.weighted[lane] += weight * difference;
        self.squared[lane] += weight * weight;
    }
}

/// `(value − top)·scale`, clamped before it is a factor, which would be −∞·0 for extreme rows.
#[inline(always)]
fn difference<T: Real>(value: T, top: f64, scale: f64) -> f64 {
    let difference = (value.to_f64() - top) * scale;
    if difference > ZERO_BELOW { difference } else { ZERO_BELOW }
}

/// Chunks whose exponentials are computed together.
const BLOCK: usize = 4;

/// Adds `exp((z_k − z_max)·scale)` of all but the largest value, and what goes with it, to the sums. Leaving the largest out, not subtracting its 1
/// afterwards, is what keeps small sums exact.
///
/// The sums are the caller's: were they totalled here, compilers would keep each lane in a register of its own.
#[inline(always)]
pub(super) fn add_exponentials<T: Real>(row: &[T], top: Top, scale: f64, sums: &mut Sums) {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let own = top.index / LANES;
    let (blocks, single) = chunks.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        sums.add_block(block, top.value, scale, (own / BLOCK == index).then_some(own % BLOCK));
    }
    for (index, chunk) in (blocks.len() * BLOCK..).zip(single) {
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
