//! McNemar's exact test: whether two detectors are right on different rows by more than chance.
//!
//! # Formula
//!
//! ```text
//! b rows that only the first decides rightly, c rows that only the second does:   p = min(1, 2·P(Bin(b + c, ½) ≥ max(b, c)))
//! ```
//!
//! # Source
//!
//! Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages, Psychometrika 12 (1947).
//!
//! # Example
//!
//! ```
//! use oodbench::stats::mcnemar::mcnemar;
//! assert!((mcnemar(15, 5) - 0.041_389).abs() < 1e-6);
//! // All of eight: 2·2⁻⁸.
//! assert!((mcnemar(0, 8) - 0.007_812_5).abs() < 1e-12);
//! ```

use super::binomial::at_least;

/// The two-sided p-value of so many rows that only the first or only the second decides rightly; 1 without any.
#[must_use]
pub fn mcnemar(first_alone: usize, second_alone: usize) -> f64 {
    (2.0 * at_least(first_alone.max(second_alone), first_alone + second_alone, 0.5)).min(1.0)
}
