//! Nemenyi's test: which pairs of treatments differ in their mean ranks, after [Friedman's test](super::friedman).
//!
//! # Formula
//!
//! ```text
//! CD = q_α·√(k(k + 1)/(6N))          q_α√2 = the 1 − α quantile of the studentised range of k, infinitely many degrees of freedom
//! p of a pair = P(Q_k > √2·|R̄_i − R̄_j| / √(k(k + 1)/(6N)))
//! ```
//!
//! Two treatments differ at the level α if their mean ranks are at least CD apart; in all pairs together any two that do not differ are called different
//! with probability α at most. It is the more conservative the more treatments there are: [Conover's test](super::conover_holm) finds more.
//!
//! # Source
//!
//! P. Nemenyi, Distribution-free Multiple Comparisons, PhD thesis, Princeton 1963; as in J. Demšar, JMLR 7 (2006), §3.2.2.
//!
//! # Example
//!
//! ```
//! use oodbench::stats::nemenyi::{critical_difference, p_value};
//! // Four treatments on 14 sets: 2.569·√(20/84), as in Demšar (2006).
//! let found = critical_difference(4, 14, 0.05);
//! assert!((found - 1.253_559).abs() < 1e-6, "{found}");
//! assert!((p_value(found, 4, 14) - 0.05).abs() < 1e-9);
//! ```

use std::f64::consts::SQRT_2;

use super::studentised_range;

/// What the difference of two mean ranks is measured in.
fn unit(treatments: usize, blocks: usize) -> f64 {
    let k = treatments as f64;
    (k * (k + 1.0) / (6.0 * blocks as f64)).sqrt()
}

/// How far apart mean ranks have to be to differ at the level `alpha`.
#[must_use]
pub fn critical_difference(treatments: usize, blocks: usize, alpha: f64) -> f64 {
    studentised_range::quantile(1.0 - alpha, treatments) / SQRT_2 * unit(treatments, blocks)
}

/// How likely two mean ranks are so far apart, if no treatments differ, somewhere among all pairs.
#[must_use]
pub fn p_value(difference: f64, treatments: usize, blocks: usize) -> f64 {
    let range = difference.abs() / unit(treatments, blocks) * SQRT_2;
    (1.0 - studentised_range::share_below(range, treatments)).max(0.0)
}
