//! The mean of a value over trainings that differ by seed: how far it varies with the seeds, with the rows tested, and with both.
//!
//! # Formula
//!
//! R seeds with values a_r on the same rows, S their R × R covariance over rows (DeLong's for AUROC, that of [paired draws](super::row_draws) for others):
//!
//! ```text
//! s² = sample variance (n − 1) of the a_r,     c̄ = mean of S off its diagonal,     d̄ = mean of its diagonal
//! Var(mean a) = s²/R + c̄                          E s² = σ²_seed + d̄ − c̄: rows are in s² as far as they differ between seeds, and in c̄ as far as not
//! σ²_seed = max(0, s² − (d̄ − c̄))
//! standard error of seeds alone √(s²/R), of rows alone √(Σ S / R²), of both √(s²/R + c̄)
//! interval = mean ± t·√(s²/R + c̄),   t of level and ν degrees of freedom,   ν = (s²/R + c̄)² / ((s²/R)²/(R − 1))    Satterthwaite
//! ```
//!
//! c̄ comes from hundreds of rows or draws and counts as known; one below 0 counts as 0. A single seed has the error of rows alone, and its interval is
//! normal. The error of both can come out below that of rows alone, since s² is that of few seeds.
//!
//! # What the interval holds
//!
//! In simulations of 200 + 200 rows (`seeds_and_rows_are_covered` in `tests/core/coverage_of_comparisons.rs`) intervals of 95 % of ten seeds held the mean in 93 to
//! 95 % of samples. The more the trainings vary, the less few seeds hold: three in 93 down to 90 %, two in 94 down to 85 %.
//!
//! A two-level bootstrap (seeds, then rows, the same for all seeds; percentiles) would hold the AUROC less often than this rule where trainings differ, and the
//! FPR at a TPR of 95 % more often, too often where they are alike (`fixtures/stats/coverage_two_level.py`, 400 samples a cell, percent):
//!
//! | 200 + 200 rows | trainings | 2 seeds | 3 seeds | 5 seeds | 10 seeds |
//! |---|---|---:|---:|---:|---:|
//! | AUROC, this rule | alike | 91.5 | 96.0 | 93.2 | 94.8 |
//! | AUROC, two-level | alike | 94.0 | 96.5 | 96.0 | 96.2 |
//! | AUROC, this rule | differ | 86.8 | 92.0 | 91.5 | 93.8 |
//! | AUROC, two-level | differ | 78.5 | 85.5 | 89.2 | 92.5 |
//! | FPR, this rule | alike | 91.2 | 94.2 | 91.2 | 91.5 |
//! | FPR, two-level | alike | 97.5 | 99.2 | 97.5 | 96.0 |
//! | FPR, this rule | differ | 86.5 | 90.2 | 94.2 | 93.0 |
//! | FPR, two-level | differ | 87.8 | 93.2 | 93.0 | 93.2 |
//!
//! # Source
//!
//! F. Satterthwaite, An Approximate Distribution of Estimates of Variance Components, Biometrics Bulletin 2 (1946), for ν; the variance is that of a crossed
//! design of seeds and rows.
//!
//! # Example
//!
//! ```
//! use ndarray::array;
//! use oodbench::stats::seeds_and_rows::seeds_and_rows;
//! let rows = array![[0.5, 0.25], [0.25, 0.5]];
//! let found = seeds_and_rows(&[1.0, 3.0], &rows.view());
//! // s² = 2, c̄ = 0.25: Var = 1 + 0.25; rows alone (0.5 + 0.5 + 2·0.25)/4; σ²_seed = 2 − 0.25.
//! assert_eq!((found.mean, found.seeds, found.rows, found.both), (2.0, 1.0, 0.375_f64.sqrt(), 1.25_f64.sqrt()));
//! assert_eq!((found.between_seeds, found.degrees), (1.75_f64.sqrt(), 1.25 * 1.25));
//! ```

use ndarray::ArrayView2;

use super::bootstrap::Interval;
use super::spread::mean_and_std;
use super::student;

/// A mean over seeds and its standard errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeedsAndRows {
    /// The mean.
    pub mean: f64,
    /// Standard error by the seeds alone; 0 for a single seed, of which nothing is known.
    pub seeds: f64,
    /// Standard error by the rows alone.
    pub rows: f64,
    /// Standard error by both.
    pub both: f64,
    /// How far trainings differ on unlimited rows, as a standard deviation.
    pub between_seeds: f64,
    /// Degrees of freedom of `both`; infinite for a single seed.
    pub degrees: f64,
}

/// The errors of the mean of some values, at least one, whose covariance over rows is given.
///
/// # Panics
/// If the covariance is of another size.
#[must_use]
pub fn seeds_and_rows(values: &[f64], covariance: &ArrayView2<'_, f64>) -> SeedsAndRows {
    let runs = values.len();
    assert_eq!(covariance.dim(), (runs, runs), "a covariance of all values");
    let spread = mean_and_std(values);
    let n = runs as f64;
    let own = covariance.diag().sum() / n;
    let rows = (covariance.sum() / (n * n)).max(0.0).sqrt();
    if runs == 1 {
        return SeedsAndRows {
            mean: spread.mean,
            seeds: 0.0,
            rows,
            both: rows,
            between_seeds: 0.0,
            degrees: f64::INFINITY,
        };
    }
    let common = ((covariance.sum() - own * n) / (n * (n - 1.0))).max(0.0);
    let of_seeds = spread.std * spread.std / n;
    let variance = of_seeds + common;
    let degrees = if of_seeds > 0.0 { variance * variance / (of_seeds * of_seeds) * (n - 1.0) } else { f64::INFINITY };
    SeedsAndRows {
        mean: spread.mean,
        seeds: of_seeds.sqrt(),
        rows,
        both: variance.sqrt(),
        between_seeds: (spread.std * spread.std - (own - common)).max(0.0).sqrt(),
        degrees,
    }
}

impl SeedsAndRows {
    /// Where the mean over all seeds and rows lies.
    #[must_use]
    pub fn interval(&self, level: f64) -> Interval {
        let half = student::quantile(1.0 - level, self.degrees) * self.both;
        Interval { low: self.mean - half, high: self.mean + half }
    }

    /// p-value that the mean is 0 in truth; none where nothing varies.
    #[must_use]
    pub fn p(&self) -> Option<f64> {
        if self.both > 0.0 {
            return Some(student::two_sided(self.mean / self.both, self.degrees));
        }
        (self.mean == 0.0).then_some(1.0)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    /// SCALE on CIFAR-10 vs CIFAR-100, three published seeds: DeLong's covariances have the mean 5.69173e-6, the seeds the variance 8.22052e-5.
    #[test]
    fn scales_three_seeds() {
        let (common, of_seeds) = (5.691_73e-6_f64, 8.220_52e-5_f64);
        let own = [0.003_366_f64, 0.003_140, 0.003_286].map(|error| error * error);
        let covariance = Array2::from_shape_fn((3, 3), |(i, j)| if i == j { own[i] } else { common });
        // Three values of that variance.
        let step = of_seeds.sqrt();
        let found = seeds_and_rows(&[0.8 - step, 0.8, 0.8 + step], &covariance.view());
        for (found, expected) in [
            (found.seeds, 0.005_235),
            (found.rows, 0.002_711),
            (found.both, 0.005_753),
            (found.between_seeds, 0.008_788),
        ] {
            assert!((found - expected).abs() < 5e-7, "{found}, expected {expected}");
        }
    }

    #[test]
    fn one_seed_has_the_error_of_its_rows() {
        let found = seeds_and_rows(&[0.9], &array![[0.0001]].view());
        assert_eq!((found.both, found.degrees), (0.01, f64::INFINITY));
        let interval = found.interval(0.95);
        assert!((interval.high - 0.919_6).abs() < 1e-5);
        assert_eq!(seeds_and_rows(&[0.0, 0.0], &array![[0.0, 0.0], [0.0, 0.0]].view()).p(), Some(1.0));
    }
}
