//! Percentile bootstrap: the spread of figures over samples drawn from the sample at hand.
//!
//! # Formula
//!
//! ```text
//! draw B times as many elements as there are, with replacement; θ*_b = the figure of draw b
//! interval at level 1 − α = [quantile α/2, quantile 1 − α/2] of θ*_1, ..., θ*_B
//! quantile q = linear interpolation between the sorted values at (B − 1)·q, as numpy.quantile
//! ```
//!
//! A draw is told by how often it holds each element, so elements in order stay in order and nothing is sorted again. Draw b takes its numbers from
//! stream b of ChaCha8 under the seed: the same on every machine and for any number of threads.
//!
//! # Source
//!
//! B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13.

use rand::SeedableRng as _;
use rand::distr::{Distribution as _, Uniform};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// Draws.
    pub resamples: usize,
    /// The share of draws that an interval holds, between 0 and 1.
    pub level: f64,
    /// The seed.
    pub seed: u64,
}

/// Where a figure lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The random numbers of one draw.
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// Draws as many of `elements` as there are, with replacement; adds to `counts`, where each element names its place, how often it came.
    ///
    /// # Panics
    /// If there are 2³² elements or more, or one names no place.
    pub fn count(&mut self, elements: &[u32], counts: &mut [u8]) {
        let Some(range) = u32::try_from(elements.len()).ok().and_then(|n| Uniform::new(0, n).ok()) else {
            assert!(elements.is_empty(), "too many elements");
            return;
        };
        for _ in elements {
            // 256 times the same of n: less likely than 1/256!.
            counts[elements[range.sample(&mut self.0) as usize] as usize] += 1;
        }
    }
}

impl Bootstrap {
    /// The intervals of the figures that `measure` finds in each draw, always as many; `memory` makes what a thread keeps from draw to draw.
    ///
    /// ```
    /// use oodbench::stats::bootstrap::Bootstrap;
    /// let values = [1.0, 2.0, 3.0, 4.0];
    /// let means = Bootstrap { resamples: 1000, level: 0.9, seed: 0 }.intervals(|| (), |draw, ()| {
    ///     let mut counts = [0; 4];
    ///     draw.count(&[0, 1, 2, 3], &mut counts);
    ///     vec![values.iter().zip(counts).map(|(value, count)| value * f64::from(count)).sum::<f64>() / 4.0]
    /// });
    /// // 87 of the 256 draws have a mean below 2.25; 16 (6.25 %) one of at most 1.5.
    /// assert!((1.5..=1.75).contains(&means[0].low) && (3.25..=3.5).contains(&means[0].high), "{means:?}");
    /// ```
    pub fn intervals<M>(
        &self,
        memory: impl Fn() -> M + Sync + Send,
        measure: impl Fn(&mut Draw, &mut M) -> Vec<f64> + Sync + Send,
    ) -> Vec<Interval> {
        let one = |memory: &mut M, number: usize| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(number as u64);
            measure(&mut Draw(rng), memory)
        };
        let draws: Vec<Vec<f64>> = (0..self.resamples).into_par_iter().map_init(memory, one).collect();
        let figures = draws.first().map_or(0, Vec::len);
        let tail = (1.0 - self.level) / 2.0;
        let interval = |figure: usize| {
            let mut values: Vec<f64> = draws.iter().map(|draw| draw[figure]).collect();
            values.sort_unstable_by(f64::total_cmp);
            Interval { low: quantile(&values, tail), high: quantile(&values, 1.0 - tail) }
        };
        (0..figures).map(interval).collect()
    }
}

/// The `q`-quantile of sorted values, at least one, interpolated linearly.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let below = place as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.quantile([1, 2, 4, 8], q)`.
    #[test]
    fn quantiles_are_numpys() {
        for (q, expected) in [(0.0, 1.0), (0.25, 1.75), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0)] {
            assert!((quantile(&[1.0, 2.0, 4.0, 8.0], q) - expected).abs() < 1e-15);
        }
    }

    fn shares(threads: usize) -> Vec<Interval> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let elements: Vec<u32> = (0..1000).collect();
        // The share of draws below 300: binomial.
        let share = |draw: &mut Draw, counts: &mut Vec<u8>| {
            counts.clear();
            counts.resize(1000, 0);
            draw.count(&elements, counts);
            assert_eq!(counts.iter().map(|&count| usize::from(count)).sum::<usize>(), 1000);
            vec![counts[..300].iter().map(|&count| f64::from(count)).sum::<f64>() / 1000.0]
        };
        let bootstrap = Bootstrap { resamples: 4000, level: 0.95, seed: 1 };
        pool.install(|| bootstrap.intervals(Vec::new, share))
    }

    #[test]
    fn draws_are_binomial_and_do_not_depend_on_threads() {
        let one = shares(1);
        assert_eq!(one, shares(3));
        let half = 1.96 * (0.3_f64 * 0.7 / 1000.0).sqrt();
        assert!((one[0].low - (0.3 - half)).abs() < 2e-3 && (one[0].high - (0.3 + half)).abs() < 2e-3, "{one:?}");
    }
}
