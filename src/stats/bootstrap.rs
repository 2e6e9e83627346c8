//! The bootstrap: the spread of values over samples drawn from the observed sample, and intervals made of it.
//!
//! # Formula
//!
//! ```text
//! draw B times as many elements as there are, with replacement; θ*_b = the value of draw b, θ = that of the sample
//! quantile q = linear interpolation between the sorted θ* at (B − 1)·q, as numpy.quantile
//! at level 1 − α:
//!     percentile interval            = [quantile α/2, quantile 1 − α/2]
//!     bias-corrected interval        = [quantile Φ(2z₀ + z_α/2), quantile Φ(2z₀ + z_1−α/2)]      Φ(z₀) = share of θ* below θ, equal ones half
//! ```
//!
//! Either is widened to hold θ, where all draws lie on one side of it. Which of them covers what it promises is a property of the value; the metrics
//! of this crate say which they take (`metric::Metric::interval`).
//!
//! A draw is told by how often it holds each element, so elements in order stay in order and nothing is sorted again. Draw b takes its numbers from
//! stream b of ChaCha8 under the seed: the same on every machine and for any number of threads.
//!
//! # Source
//!
//! B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13 and 14 (without acceleration).

use rand::SeedableRng as _;
use rand::distr::{Distribution as _, Uniform};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::normal;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// Draws.
    pub resamples: usize,
    /// How often an interval is to cover what it is of, between 0 and 1.
    pub level: f64,
    /// The seed.
    pub seed: u64,
}

/// Draws and a level that make no interval.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum BootstrapError {
    /// The level is no share.
    #[error("found level {level}, expected a share between 0 and 1, such as 0.95")]
    Level { level: f64 },
    /// No number of draws that is allowed is enough for the level.
    #[error("found level {level}, expected a level that {most} draws are enough for; take 0.9999 at most", most = Bootstrap::MOST)]
    TooHigh { level: f64 },
    /// A tail outside of the interval would hold no draw.
    #[error(
        "found {draws} draws, expected at least {fewest} for level {level}, so that a draw lies outside of each end; 1000 to 10000 are usual"
    )]
    TooFew { draws: usize, fewest: usize, level: f64 },
    /// More than make an interval better.
    #[error("found {draws} draws, expected at most {most}; 1000 to 10000 are usual", most = Bootstrap::MOST)]
    TooMany { draws: usize },
}

/// How an interval is made of draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The quantiles of the draws.
    Percentile,
    /// The quantiles further down if more than half of the draws lie above the value: then the value lies above the truth in turn.
    BiasCorrected,
}

/// Where a value lies.
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
    /// More draws make no interval better, and take their time and memory.
    pub const MOST: usize = 100_000;

    /// Refuses draws that make no interval of the level, and more than [`Bootstrap::MOST`].
    ///
    /// ```
    /// use oodbench::stats::bootstrap::Bootstrap;
    /// let check = |resamples, level| Bootstrap { resamples, level, seed: 0 }.check().map_err(|error| error.to_string());
    /// assert_eq!(check(40, 0.95), Ok(()));
    /// assert!(check(39, 0.95).unwrap_err().starts_with("found 39 draws, expected at least 40 for level 0.95"));
    /// assert!(check(100_001, 0.95).unwrap_err().starts_with("found 100001 draws, expected at most 100000"));
    /// assert!(check(1000, 95.0).unwrap_err().starts_with("found level 95, expected a share between 0 and 1"));
    /// ```
    ///
    /// # Errors
    /// [`BootstrapError`] for the first thing that is wrong.
    pub fn check(&self) -> Result<(), BootstrapError> {
        let Self { resamples: draws, level, .. } = *self;
        if !(level > 0.0 && level < 1.0) {
            return Err(BootstrapError::Level { level });
        }
        let fewest = Self::fewest(level);
        if fewest > Self::MOST {
            return Err(BootstrapError::TooHigh { level });
        }
        if draws < fewest {
            return Err(BootstrapError::TooFew { draws, fewest, level });
        }
        if draws > Self::MOST {
            return Err(BootstrapError::TooMany { draws });
        }
        Ok(())
    }

    /// The fewest draws of which each tail outside of an interval holds one.
    ///
    /// ```
    /// use oodbench::stats::bootstrap::Bootstrap;
    /// assert_eq!([0.5, 0.9, 0.95, 0.99, 0.999].map(Bootstrap::fewest), [4, 20, 40, 200, 2000]);
    /// ```
    #[must_use]
    pub fn fewest(level: f64) -> usize {
        // 2/(1 − 0.95) is 39.99…: what is whole up to rounding is whole.
        (2.0 / (1.0 - level) * (1.0 - 1e-9)).ceil() as usize
    }

    /// The draws of the values that `measure` finds in each draw, always as many; per value sorted upwards. `memory` makes what a thread keeps from
    /// draw to draw.
    ///
    /// ```
    /// use oodbench::stats::bootstrap::{Bootstrap, Method};
    /// let values = [1.0, 2.0, 3.0, 4.0];
    /// let bootstrap = Bootstrap { resamples: 1000, level: 0.9, seed: 0 };
    /// let means = bootstrap.draws(|| (), |draw, ()| {
    ///     let mut counts = [0; 4];
    ///     draw.count(&[0, 1, 2, 3], &mut counts);
    ///     vec![values.iter().zip(counts).map(|(value, count)| value * f64::from(count)).sum::<f64>() / 4.0]
    /// });
    /// // 87 of the 256 draws have a mean below 2.25; 16 (6.25 %) one of at most 1.5.
    /// let found = bootstrap.interval(Method::Percentile, 2.5, &means[0]);
    /// assert!((1.5..=1.75).contains(&found.low) && (3.25..=3.5).contains(&found.high), "{found:?}");
    /// ```
    pub fn draws<M>(
        &self,
        memory: impl Fn() -> M + Sync + Send,
        measure: impl Fn(&mut Draw, &mut M) -> Vec<f64> + Sync + Send,
    ) -> Vec<Vec<f64>> {
        let one = |memory: &mut M, number: usize| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(number as u64);
            measure(&mut Draw(rng), memory)
        };
        let draws: Vec<Vec<f64>> = (0..self.resamples).into_par_iter().map_init(memory, one).collect();
        let sorted = |value: usize| {
            let mut values: Vec<f64> = draws.iter().map(|draw| draw[value]).collect();
            values.sort_unstable_by(f64::total_cmp);
            values
        };
        (0..draws.first().map_or(0, Vec::len)).map(sorted).collect()
    }

    /// The interval of a value from its draws, at least one, sorted upwards.
    ///
    /// ```
    /// use oodbench::stats::bootstrap::{Bootstrap, Interval, Method};
    /// let bootstrap = Bootstrap { resamples: 5, level: 0.5, seed: 0 };
    /// let draws = [0.5, 0.6, 0.7, 0.8, 0.9];
    /// let of = |method, value| bootstrap.interval(method, value, &draws);
    /// assert_eq!(of(Method::Percentile, 0.65), Interval { low: 0.6, high: 0.8 });
    /// // Three draws of five lie above: z₀ = Φ⁻¹(2/5) = −0.2533; Φ(2z₀ ∓ 0.6745) = 0.1188 and 0.5667, times 4 the places 0.475 and 2.267.
    /// let found = of(Method::BiasCorrected, 0.65);
    /// assert!((found.low - 0.5475).abs() < 1e-4 && (found.high - 0.7267).abs() < 1e-4, "{found:?}");
    /// // It holds its own value.
    /// assert_eq!(of(Method::Percentile, 0.55), Interval { low: 0.55, high: 0.8 });
    /// ```
    #[must_use]
    pub fn interval(&self, method: Method, value: f64, draws: &[f64]) -> Interval {
        let tail = (1.0 - self.level) / 2.0;
        let tails = match method {
            Method::Percentile => [tail, 1.0 - tail],
            Method::BiasCorrected => {
                let below = draws.partition_point(|&draw| draw < value) + draws.partition_point(|&draw| draw <= value);
                let half_a_draw = 0.5 / draws.len() as f64;
                let share = (below as f64 * half_a_draw).clamp(half_a_draw, 1.0 - half_a_draw);
                let bias = 2.0 * normal::quantile(share);
                [tail, 1.0 - tail].map(|tail| normal::share_below(bias + normal::quantile(tail)))
            }
        };
        let [low, high] = tails.map(|tail| quantile(draws, tail));
        Interval { low: low.min(value), high: high.max(value) }
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
        let draws = pool.install(|| bootstrap.draws(Vec::new, share));
        draws.iter().map(|draws| bootstrap.interval(Method::Percentile, 0.3, draws)).collect()
    }

    #[test]
    fn draws_are_binomial_and_do_not_depend_on_threads() {
        let one = shares(1);
        assert_eq!(one, shares(3));
        let half = 1.96 * (0.3_f64 * 0.7 / 1000.0).sqrt();
        assert!((one[0].low - (0.3 - half)).abs() < 2e-3 && (one[0].high - (0.3 + half)).abs() < 2e-3, "{one:?}");
    }
}
