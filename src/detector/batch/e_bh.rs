//! Benjamini and Hochberg's procedure of e-values, which holds whatever their dependence.
//!
//! ```text
//! e(p) = (1 − p + p·ln p) / (p·(ln p)²)        ∫₀¹ e(p) dp = 1: the mixture of κ·p^(κ − 1) over κ from 0 to 1; e(1) = ½
//! k = the largest with e_(k) ≥ m/(q·k), e_(1) ≥ e_(2) ≥ …        flag the k largest
//! ```
//!
//! Source of e(p): Vovk & Wang, E-values: calibration, combination and applications, 2021.

use super::tally::Tally;

/// The e-value of a p-value above 0.
///
/// ```
/// use oodbench::detector::batch::e_bh::e_value;
/// // By hand at p = 1/e: (1 − 1/e − 1/e)/(1/e) = e − 2.
/// assert!((e_value((-1.0_f64).exp()) - (std::f64::consts::E - 2.0)).abs() < 1e-12);
/// assert_eq!(e_value(1.0), 0.5);
/// ```
#[must_use]
pub fn e_value(p: f64) -> f64 {
    let log = p.ln();
    // Near 1 the quotient is 0/0; its series begins ½ − ln p/6.
    if log > -1e-3 { 0.5 - log / 6.0 } else { (1.0 - p + p * log) / (p * log * log) }
}

/// How many of some e-values are flagged: the largest ones.
///
/// ```
/// use oodbench::detector::batch::e_bh::flagged;
/// assert_eq!(flagged(&[100.0, 60.0, 30.0, 1.0, 0.2], 0.1), 3);
/// assert_eq!(flagged(&[100.0, 60.0, 12.0, 1.0, 0.2], 0.1), 2);
/// ```
#[must_use]
pub fn flagged(e_values: &[f64], q: f64) -> usize {
    let mut sorted = e_values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    last(sorted.iter().zip(1..).map(|(e, k)| (*e, k)), sorted.len(), q).map_or(0, |(_, k)| k)
}

/// The last of the e-values, from the largest, each with how many are at least that, that is at least m/(q·k).
fn last(cumulative: impl Iterator<Item = (f64, usize)>, m: usize, q: f64) -> Option<(f64, usize)> {
    let least = m as f64 / q;
    cumulative.filter(|(e, k)| e * *k as f64 >= least).last()
}

/// The largest p-value that is flagged.
#[must_use]
pub fn cutoff(tally: &Tally, q: f64) -> Option<f64> {
    let (_, k) = last(tally.cumulative().map(|(p, k)| (e_value(p), k)), tally.total(), q)?;
    tally.cumulative().find(|(_, own)| *own == k).map(|(p, _)| p)
}
