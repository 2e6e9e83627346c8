//! A threshold that rejects wrong answers as well as OOD rows: at most a share α of the ID rows that pass is classified wrongly (selective risk),
//! by Learn then Test.
//!
//! # Formula
//!
//! ```text
//! candidates: accept everything; accept x > c_(j), j = ⌊n·i/J⌋ for i = 1 … J − 1,  J = 20
//! of a candidate: m accepted calibration rows, R̂ the share of wrong ones,
//!     p = min( exp(−m·h(min(R̂, α), α)),  e·P(Bin(m, α) ≤ ⌈m·R̂⌉) )        h(a, b) = a·ln(a/b) + (1 − a)·ln((1 − a)/(1 − b))
//! threshold = the lowest candidate with p ≤ δ/J
//! ```
//!
//! Given c_(j) and m, the accepted rows are m independent draws of the rows above c_(j), ties or not, so that each p is valid by itself, and
//! Bonferroni's δ/J makes all of them hold at once. Candidates in a fixed sequence would need no J, but their thresholds are random here.
//!
//! The promise is of ID rows: an OOD row that passes is not counted. How many OOD rows pass is measured on the OOD sets of the run.
//!
//! Sources: Angelopoulos, Bates, Candès, Jordan & Lei, Learn then Test, 2021; Bates et al., Distribution-free, risk-controlling prediction sets, 2021.

use super::ThresholdError;
use super::guarantee::percent;
use crate::stats::binomial::at_most;

/// Candidates, J.
pub const CANDIDATES: usize = 20;

/// The p-value of "the risk is above α" by Hoeffding and Bentkus, where `wrong` of `n` rows are.
///
/// ```
/// use oodbench::detector::threshold::selective::p_value;
/// assert!((p_value(30, 1000, 0.05) - 0.003_471_43).abs() < 1e-8);
/// assert!((p_value(4, 200, 0.05) - 0.071_889_86).abs() < 1e-8);
/// assert_eq!(p_value(0, 0, 0.05), 1.0);
/// ```
#[must_use]
pub fn p_value(wrong: usize, n: usize, alpha: f64) -> f64 {
    if n == 0 {
        return 1.0;
    }
    let risk = wrong as f64 / n as f64;
    let hoeffding = (-(n as f64) * relative_entropy(risk.min(alpha), alpha)).exp();
    let bentkus = std::f64::consts::E * at_most(wrong, n, alpha);
    hoeffding.min(bentkus).min(1.0)
}

/// The fewest accepted rows that can be enough, which are if none of them is wrong: p = (1 − α)^m ≤ δ/J.
///
/// ```
/// use oodbench::detector::threshold::selective::fewest;
/// // 0.98^262 = 0.00503, 0.98^263 = 0.00493.
/// assert_eq!(fewest(0.02, 0.1), 263);
/// ```
#[must_use]
pub fn fewest(alpha: f64, delta: f64) -> usize {
    let least = ((delta / CANDIDATES as f64).ln() / (-alpha).ln_1p()).floor() as usize;
    // The logarithms may have rounded past the last row.
    (least.saturating_sub(1)..).find(|&m| p_value(0, m, alpha) <= delta / CANDIDATES as f64).unwrap_or(usize::MAX)
}

/// h(a, b), with 0·ln 0 = 0.
fn relative_entropy(a: f64, b: f64) -> f64 {
    let term = |a: f64, b: f64| if a == 0.0 { 0.0 } else { a * (a / b).ln() };
    term(a, b) + term(1.0 - a, 1.0 - b)
}

/// The lowest threshold whose accepted rows are classified well enough. Rows are scores with whether the classifier is wrong about them; rows
/// below the threshold are to be flagged, so it is the least number above `c_(j)`, and −∞ where everything may pass.
///
/// # Errors
/// [`ThresholdError::NoThreshold`] if none is; [`ThresholdError::TooFew`] if none could be.
pub fn threshold(rows: &[(f64, bool)], alpha: f64, delta: f64) -> Result<f64, ThresholdError> {
    let needed = fewest(alpha, delta);
    if rows.len() < needed {
        return Err(ThresholdError::TooFew {
            rows: rows.len(),
            needed,
            of: " even if none is classified wrongly".to_owned(),
        });
    }
    let mut sorted = rows.to_vec();
    sorted.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut nearest = (f64::INFINITY, String::new());
    for candidate in 0..CANDIDATES {
        let j = sorted.len() * candidate / CANDIDATES;
        let floor = if candidate == 0 { None } else { j.checked_sub(1).map(|at| sorted[at].0) };
        let accepted = &sorted[floor.map_or(0, |floor| sorted.partition_point(|(score, _)| *score <= floor))..];
        let wrong = accepted.iter().filter(|(_, wrong)| *wrong).count();
        let p = p_value(wrong, accepted.len(), alpha);
        if p <= delta / CANDIDATES as f64 {
            return Ok(floor.map_or(f64::NEG_INFINITY, f64::next_up));
        }
        if p < nearest.0 {
            nearest = (p, format!("the nearest is wrong about {wrong} of {} accepted", accepted.len()));
        }
    }
    Err(ThresholdError::NoThreshold { risk: percent(alpha), best: nearest.1, rows: rows.len(), needed })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 20 candidates each may break the promise with a twentieth of the probability: 30 wrong of 1,000 have p = 0.0035, 33 have 0.0125; δ/20 is 0.005.
    #[test]
    fn every_candidate_has_its_part_of_delta() {
        let rows = |wrong: usize| -> Vec<(f64, bool)> { (0..1000).map(|i| (i as f64, i >= 1000 - wrong)).collect() };
        assert!(p_value(33, 1000, 0.05) > 0.005 && p_value(33, 1000, 0.05) < 0.1);
        assert_eq!(threshold(&rows(30), 0.05, 0.1), Ok(f64::NEG_INFINITY));
        assert!(threshold(&rows(33), 0.05, 0.1).is_err());
    }

    #[test]
    fn wrong_answers_below_the_threshold_do_not_count() {
        // The 300 lowest of 1,000 are wrong, the others right.
        let rows: Vec<(f64, bool)> = (0..1000).map(|i| (f64::from(i), i < 300)).collect();
        let threshold = threshold(&rows, 0.05, 0.1).unwrap();
        // 300 of 1,000 accepted from c_(300) on are right; at c_(250) 50 of 750 are wrong.
        assert_eq!(threshold, 299.0_f64.next_up());
        // Everything may pass where nothing is wrong.
        let right: Vec<(f64, bool)> = rows.iter().map(|&(score, _)| (score, false)).collect();
        assert_eq!(super::threshold(&right, 0.05, 0.1), Ok(f64::NEG_INFINITY));
        assert!(super::threshold(&rows[..300], 0.05, 0.1).is_err());
    }
}
