//! The smallest difference that test sets of these sizes could show.
//!
//! # Formula
//!
//! ```text
//! smallest = (z_{1 − α/2} + z_power)·s                  s the standard error of the difference, z quantiles of the normal distribution
//! among m pairs: α/m in place of α (Bonferroni)
//! rows needed for a difference d: (smallest/d)² times as many, on either side
//! ```
//!
//! A difference of this size in truth is found significant with the probability `power` (in simulations by DeLong's errors in 79 to 83 % for 80 %,
//! `tests/core/coverage_of_verdicts.rs`). One that is not found says nothing of smaller ones.
//!
//! # Source
//!
//! J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988; for paired AUROCs: N. Obuchowski, D. McClish, Statistics in Medicine 16 (1997).
//!
//! # Example
//!
//! ```
//! use oodbench::stats::smallest_difference::{rows_needed, smallest};
//! // 1.96 + 0.84 standard errors.
//! let found = smallest(0.01, 0.05, 0.8);
//! assert!((found - 0.028_015_9).abs() < 1e-6, "{found}");
//! // Half of it takes four times the rows.
//! assert!((rows_needed(found / 2.0, 0.01, 0.05, 0.8) - 4.0).abs() < 1e-12);
//! ```

use super::normal::quantile;

/// The smallest difference that is found with a probability of `power` at the level `alpha`, by its standard error.
#[must_use]
pub fn smallest(error: f64, alpha: f64, power: f64) -> f64 {
    (quantile(power) - quantile(alpha / 2.0)) * error
}

/// How many times the rows it takes to find a difference with that power.
#[must_use]
pub fn rows_needed(difference: f64, error: f64, alpha: f64, power: f64) -> f64 {
    (smallest(error, alpha, power) / difference).powi(2)
}
