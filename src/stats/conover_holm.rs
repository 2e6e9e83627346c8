//! Conover's test with Holm's correction: which pairs of treatments differ in their ranks, after [Friedman's test](super::friedman).
//!
//! # Formula
//!
//! ```text
//! R_j = rank sum of treatment j over N blocks,   A = Σ of all squared ranks
//! t_ij = |R_i − R_j| / √(2(N·A − Σ_j R_j²) / ((N − 1)(k − 1)))               Student's t with (N − 1)(k − 1) degrees of freedom
//! ```
//!
//! The k(k − 1)/2 p-values are [adjusted](super::holm). A pair of blocks that agree entirely has no spread to measure by: t is infinite where ranks differ.
//!
//! # What it does not control
//!
//! t takes all treatments to vary alike in their ranks. Those that keep their order in all blocks do not vary, and make the others look surer than they are: where some
//! are equally good and the others keep their order, one of the best is called worse in about a quarter of simulated
//! trainings and more (`tests/core/coverage_of_verdicts.rs`). So [Nemenyi's test](super::nemenyi) decides in tables, and this one is shown beside it.
//!
//! # Source
//!
//! W. Conover, R. Iman, Multiple-comparisons procedures, Los Alamos LA-7677-MS (1979); W. Conover, Practical Nonparametric Statistics, 3rd ed. 1999, §5.8.
//!
//! # Example
//!
//! ```
//! use oodbench::stats::{conover_holm::pairs, friedman::friedman};
//! let ranked = friedman(&[vec![0.9, 0.8, 0.7], vec![0.8, 0.6, 0.7], vec![0.95, 0.9, 0.92]]).unwrap();
//! let found = pairs(&ranked);
//! // Rank sums 3, 8, 7; A = 42: t of the first two = 5/√(2(126 − 122)/4) = 5/√2.
//! assert_eq!((found[0].first, found[0].second), (0, 1));
//! assert!((found[0].t - 5.0 / 2.0_f64.sqrt()).abs() < 1e-12);
//! // scipy.stats.t.sf(3.5355, 4)·2, three times.
//! assert!((found[0].p - 0.024_110).abs() < 1e-6 && (found[0].p_adjusted - 0.072_330).abs() < 1e-6, "{found:?}");
//! ```

use super::friedman::Friedman;
use super::holm;
use super::student::two_sided;

/// Two treatments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The number of the first.
    pub first: usize,
    /// The number of the second, above it.
    pub second: usize,
    /// How clearly they differ.
    pub t: f64,
    /// How likely such a difference is of this pair if it does not differ.
    pub p: f64,
    /// The same among all pairs.
    pub p_adjusted: f64,
}

/// All pairs: 0–1, 0–2, …, 1–2, ….
#[must_use]
pub fn pairs(ranked: &Friedman) -> Vec<Pair> {
    let (n, k) = (ranked.blocks as f64, ranked.mean_ranks.len() as f64);
    let sums: Vec<f64> = ranked.mean_ranks.iter().map(|mean| mean * n).collect();
    let degrees = (n - 1.0) * (k - 1.0);
    let spread = n * ranked.squares - sums.iter().map(|sum| sum * sum).sum::<f64>();
    // Blocks that agree leave nothing but rounding.
    let unit = if spread > 1e-9 * n * ranked.squares { (2.0 * spread / degrees).sqrt() } else { 0.0 };
    let mut found = Vec::new();
    for first in 0..sums.len() {
        for second in first + 1..sums.len() {
            let difference = (sums[first] - sums[second]).abs();
            let t = if difference < 1e-9 { 0.0 } else { difference / unit };
            let p = two_sided(t, degrees);
            found.push(Pair { first, second, t, p, p_adjusted: p });
        }
    }
    let adjusted = holm::adjusted(&found.iter().map(|pair| pair.p).collect::<Vec<_>>());
    found.iter_mut().zip(adjusted).for_each(|(pair, p)| pair.p_adjusted = p);
    found
}
