//! Rows drawn once for everything that is measured on them, so that values of a draw belong together: the paired bootstrap.
//!
//! # Formula
//!
//! ```text
//! draw b of a sample of n rows: n rows with replacement, w_i(b) = how often row i came
//! θ*_s(b) = the value of score s where row i counts w_i(b) times          the same w for every score, seed and metric
//! Cov(θ_s, θ_t) ≈ sample covariance (n − 1) of θ*_s and θ*_t over b
//! ```
//!
//! Each sample (the ID rows, the rows of an OOD set) has random numbers of its own, told by a key: ID rows are drawn the same whatever they are
//! compared with, so means over OOD sets have draws, too. Draw b takes stream b of ChaCha8: the same on every machine and for any number of threads.
//!
//! # Source
//!
//! B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, ch. 8; P. Hall, The Bootstrap and Edgeworth Expansion, 1992, for differences.
//!
//! # Example
//!
//! ```
//! use oodbench::stats::row_draws::RowDraws;
//! let draws = RowDraws { draws: 100, seed: 0 };
//! let mut counts = [0; 4];
//! draws.count(7, 0, &mut counts);
//! assert_eq!(counts.iter().sum::<u8>(), 4);
//! // The same again, and another sample in another way.
//! let (mut again, mut other) = ([0; 4], [0; 4]);
//! draws.count(7, 0, &mut again);
//! assert_eq!(counts, again);
//! assert!((0..9).any(|sample| { other.fill(0); draws.count(7, sample, &mut other); other != counts }));
//! ```

use rand::SeedableRng as _;
use rand::distr::{Distribution as _, Uniform};
use rand_chacha::ChaCha8Rng;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowDraws {
    /// Draws.
    pub draws: usize,
    /// The seed.
    pub seed: u64,
}

impl RowDraws {
    /// Adds to `counts` how often each row of the sample of this key comes in a draw.
    ///
    /// # Panics
    /// If there are 2³² rows or more.
    pub fn count(&self, draw: usize, sample: u64, counts: &mut [u8]) {
        let Some(range) = u32::try_from(counts.len()).ok().and_then(|rows| Uniform::new(0, rows).ok()) else {
            assert!(counts.is_empty(), "too many rows");
            return;
        };
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ sample.wrapping_mul(ODD));
        rng.set_stream(draw as u64);
        for _ in 0..counts.len() {
            // 256 times the same of n: less likely than 1/256!.
            counts[range.sample(&mut rng) as usize] += 1;
        }
    }
}

/// Spreads keys that are near each other; odd, so that no two keys fall together.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The sample covariance of the draws of two values.
///
/// ```
/// use oodbench::stats::row_draws::covariance;
/// assert_eq!(covariance(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]), 2.0);
/// ```
#[must_use]
pub fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    a.iter().zip(b).map(|(x, y)| (x - mean_a) * (y - mean_b)).sum::<f64>() / (n - 1.0)
}

/// The standard deviation of the differences of two values over the draws: of their difference the standard error.
///
/// ```
/// use oodbench::stats::row_draws::error_of_difference;
/// assert_eq!(error_of_difference(&[1.0, 2.0, 3.0], &[0.0, 2.0, 4.0]), 1.0);
/// ```
#[must_use]
pub fn error_of_difference(a: &[f64], b: &[f64]) -> f64 {
    let differences: Vec<f64> = a.iter().zip(b).map(|(x, y)| x - y).collect();
    covariance(&differences, &differences).sqrt()
}
