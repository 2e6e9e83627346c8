//! Holm's correction of p-values for how many there are.
//!
//! # Formula
//!
//! ```text
//! p_(1) ≤ p_(2) ≤ … ≤ p_(m):     adjusted p_(i) = max over j ≤ i of min(1, (m − j + 1)·p_(j))
//! ```
//!
//! Calling significant what has an adjusted p below α calls any that is not so with probability α at most, however the tests hang together.
//!
//! # Source
//!
//! S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6 (1979).

/// The adjusted p-values, in the order of the given ones.
///
/// ```
/// use oodbench::stats::holm::adjusted;
/// let found = adjusted(&[0.04, 0.01, 0.03]);
/// assert!([0.06, 0.03, 0.06].iter().zip(found).all(|(expected, found)| (expected - found).abs() < 1e-15));
/// ```
#[must_use]
pub fn adjusted(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut before = 0.0_f64;
    for (place, own) in order.into_iter().enumerate() {
        before = before.max((p[own] * (p.len() - place) as f64).min(1.0));
        adjusted[own] = before;
    }
    adjusted
}
