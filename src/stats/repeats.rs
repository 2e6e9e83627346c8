//! Several scores, each with a value on the same repeats (trainings that differ by seed): which of them may be the best.
//!
//! # Formula
//!
//! Scores i, j with values a_ir, a_jr on repeats r = 1 … R, d their differences, each pair tested by Student's paired test:
//!
//! ```text
//! t_ij = mean(d) / (std(d)/√R)                 p_ij = P(|T| ≥ |t_ij|), R − 1 degrees of freedom
//! p_(k) = max over l ≤ k of (m − l + 1)·p_(l)  Holm, over all m pairs in ascending order of p
//! ```
//!
//! A score is worse if a pair in which it has the smaller mean has an adjusted p below the level.
//!
//! # What it controls
//!
//! Under normal differences any score is called worse than one it equals with the probability of the level at most, however many scores there are and
//! although the best was found on the same values: all pairs are tested, not those with the best alone. What varies is the training; the rows
//! tested are the same for all, and what other rows would give is not in it. Three repeats can tell apart only what differs by many times its spread.
//!
//! # Source
//!
//! S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6 (1979).
//!
//! # Example
//!
//! ```
//! use oodbench::stats::repeats::{Place, places};
//! // The second is below the first by 0.100, 0.101 and 0.102: t = 0.101/(0.001/√3) = 174.9. The third is below by 0.02 and −0.02 and 0.03.
//! let found = places(&[&[0.9, 0.9, 0.9], &[0.8, 0.799, 0.798], &[0.88, 0.92, 0.87]], 0.05);
//! assert_eq!(found, [Place::Best, Place::Worse, Place::MayBeBest]);
//! ```

use super::spread::mean_and_std;
use super::student::two_sided;

/// Where a score stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has the highest mean.
    Best,
    /// It cannot be told from one that may be the best.
    MayBeBest,
    /// It is significantly below another.
    Worse,
    /// Nothing can be said: it differs from all others by the same amount on every repeat, or there is one repeat only.
    Untested,
}

/// The place of every score, higher values being better.
///
/// # Panics
/// If scores have different numbers of values.
#[must_use]
pub fn places(values: &[&[f64]], level: f64) -> Vec<Place> {
    let repeats = values.first().map_or(0, |values| values.len());
    assert!(values.iter().all(|own| own.len() == repeats), "every score has a value on every repeat");
    if repeats < 2 || values.len() < 2 {
        return vec![Place::Untested; values.len()];
    }
    let means: Vec<f64> = values.iter().map(|own| mean_and_std(own).mean).collect();
    let best = (1..values.len()).fold(0, |best, i| if means[i] > means[best] { i } else { best });
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    let mut is_tested = vec![false; values.len()];
    for i in 0..values.len() {
        for j in i + 1..values.len() {
            if let Some(p) = paired(values[i], values[j]) {
                pairs.push((p, i, j));
                (is_tested[i], is_tested[j]) = (true, true);
            }
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut found: Vec<Place> =
        is_tested.iter().map(|tested| if *tested { Place::MayBeBest } else { Place::Untested }).collect();
    for (k, &(p, i, j)) in pairs.iter().enumerate() {
        // In steps: the first pair that is not significant ends it.
        if (pairs.len() - k) as f64 * p >= level {
            break;
        }
        found[if means[i] < means[j] { i } else { j }] = Place::Worse;
    }
    if found[best] != Place::Untested {
        found[best] = Place::Best;
    }
    found
}

/// p of Student's paired test; none where the differences are all the same and not 0, which says nothing of how far they vary.
fn paired(a: &[f64], b: &[f64]) -> Option<f64> {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let spread = mean_and_std(&differences);
    if differences.iter().all(|difference| *difference == 0.0) {
        return Some(1.0);
    }
    let error = spread.std / (differences.len() as f64).sqrt();
    (error > 0.0).then(|| two_sided(spread.mean / error, differences.len() as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution as _, StandardNormal};

    use super::*;

    #[test]
    fn what_cannot_be_tested_is_not() {
        assert_eq!(places(&[], 0.05), []);
        assert_eq!(places(&[&[0.5], &[0.4]], 0.05), [Place::Untested; 2]);
        // Always 0.25 apart.
        assert_eq!(places(&[&[0.5, 0.75], &[0.25, 0.5]], 0.05), [Place::Untested; 2]);
        assert_eq!(places(&[&[0.5, 0.6], &[0.5, 0.6]], 0.05), [Place::Best, Place::MayBeBest]);
    }

    /// Five equally good scores, three and ten seeds each: any of them is called worse in 5 % of samples at most.
    #[test]
    fn equal_scores_are_rarely_called_worse() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        for seeds in [3, 10] {
            let mut wrong = 0;
            for _ in 0..2000 {
                let mut draw = || -> Vec<f64> { (0..seeds).map(|_| StandardNormal.sample(&mut rng)).collect() };
                let own: Vec<Vec<f64>> = (0..5).map(|_| draw()).collect();
                let views: Vec<&[f64]> = own.iter().map(Vec::as_slice).collect();
                wrong += usize::from(places(&views, 0.05).contains(&Place::Worse));
            }
            // 0.05 and three standard errors of 2,000 draws.
            assert!(wrong as f64 / 2000.0 < 0.05 + 0.015, "{seeds} seeds: {wrong} of 2000");
        }
    }
}
