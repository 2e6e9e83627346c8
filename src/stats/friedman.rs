//! Friedman's test: whether k treatments that were tried on the same N blocks (scores on data sets) differ in their ranks at all.
//!
//! # Formula
//!
//! In each block the treatments are ranked, 1 being the best, equal values sharing their ranks. R̄_j is the mean rank of treatment j, r_ij its rank in block i.
//!
//! ```text
//! χ²  = 12N/(k(k + 1)) · (Σ_j R̄_j² − k(k + 1)²/4)                            chi-squared, k − 1 degrees of freedom, if none differ
//! F   = (N − 1)·χ² / (N(k − 1) − χ²)                                          Iman and Davenport: F with k − 1 and (k − 1)(N − 1)
//! χ²' = (k − 1)·(Σ_j R_j² − N²·k(k + 1)²/4) / (Σ_ij r_ij² − N·k(k + 1)²/4)   the same corrected for ties, R_j = N·R̄_j
//! ```
//!
//! χ² is conservative for few blocks, which F corrects; without ties χ² and χ²' are equal, with ties χ² is smaller, so F is conservative then.
//!
//! # Where it does not apply
//!
//! Blocks have to be independent of each other. With fewer than 5 of them neither approximation is worth much.
//!
//! # Source
//!
//! M. Friedman, Journal of the American Statistical Association 32 (1937); R. Iman, J. Davenport, Communications in Statistics A 9 (1980); J. Demšar,
//! Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7 (2006), whose χ² and F these are.
//!
//! # Example
//!
//! ```
//! use oodbench::stats::friedman::friedman;
//! // The first is the best on all of three sets: mean ranks 1, 2.67 and 2.33.
//! let found = friedman(&[vec![0.9, 0.8, 0.7], vec![0.8, 0.6, 0.7], vec![0.95, 0.9, 0.92]]).unwrap();
//! assert_eq!(found.mean_ranks[0], 1.0);
//! // 12·3/(3·4)·(1 + 64/9 + 49/9 − 12) = 14/3; F = 2·(14/3)/(6 − 14/3) = 7.
//! assert!((found.chi_squared - 14.0 / 3.0).abs() < 1e-12 && (found.f - 7.0).abs() < 1e-12);
//! ```

use super::chi_squared;
use super::fisher;
use super::ranks::ranks;

/// The ranks of treatments over blocks, and whether they differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Friedman {
    /// The mean rank of each treatment.
    pub mean_ranks: Vec<f64>,
    /// The blocks, N.
    pub blocks: usize,
    /// The sum of all squared ranks.
    pub squares: f64,
    /// χ² without correction for ties.
    pub chi_squared: f64,
    /// How likely at least that χ² is if no treatments differ.
    pub p_chi_squared: f64,
    /// χ² corrected for ties, 0 where all values of every block are equal.
    pub tie_corrected: f64,
    /// Its p-value.
    pub p_tie_corrected: f64,
    /// Iman and Davenport's F; infinite if all blocks agree.
    pub f: f64,
    /// How likely at least that F is if no treatments differ.
    pub p: f64,
}

/// Ranks the treatments in each block, larger values being better, and tests whether their ranks differ. None for fewer than two treatments or blocks.
///
/// # Panics
/// If blocks have different numbers of values.
#[must_use]
pub fn friedman(blocks: &[Vec<f64>]) -> Option<Friedman> {
    let treatments = blocks.first().map_or(0, Vec::len);
    if treatments < 2 || blocks.len() < 2 {
        return None;
    }
    assert!(blocks.iter().all(|block| block.len() == treatments), "a value of every treatment in every block");
    let (n, k) = (blocks.len() as f64, treatments as f64);
    let ranked: Vec<Vec<f64>> = blocks.iter().map(|block| ranks(block)).collect();
    let sums: Vec<f64> = (0..treatments).map(|j| ranked.iter().map(|ranks| ranks[j]).sum()).collect();
    let squares: f64 = ranked.iter().flatten().map(|rank| rank * rank).sum();
    let sums_squared: f64 = sums.iter().map(|sum| sum * sum).sum();
    // All ranks are halves and all sums of their squares quarters: exact below 2⁵³.
    let if_equal = n * k * (k + 1.0) * (k + 1.0) / 4.0;
    let chi_squared = 12.0 / (k * (k + 1.0)) * (sums_squared / n - if_equal).max(0.0);
    let spread = squares - if_equal;
    let tie_corrected = if spread > 0.0 { (k - 1.0) * (sums_squared - n * if_equal).max(0.0) / spread } else { 0.0 };
    let left = n * (k - 1.0) - chi_squared;
    // Blocks that agree leave nothing but rounding.
    let f = if left > 1e-9 * n * k { (n - 1.0) * chi_squared / left } else { f64::INFINITY };
    Some(Friedman {
        mean_ranks: sums.iter().map(|sum| sum / n).collect(),
        blocks: blocks.len(),
        squares,
        chi_squared,
        p_chi_squared: chi_squared::share_above(chi_squared, treatments - 1),
        tie_corrected,
        p_tie_corrected: chi_squared::share_above(tie_corrected, treatments - 1),
        f,
        p: fisher::share_above(f, k - 1.0, (k - 1.0) * (n - 1.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_everywhere_does_not_differ() {
        let found = friedman(&[vec![0.5; 3], vec![0.7; 3]]).unwrap();
        assert_eq!((found.chi_squared, found.tie_corrected, found.f, found.p), (0.0, 0.0, 0.0, 1.0));
        assert_eq!(found.mean_ranks, [2.0; 3]);
    }

    #[test]
    fn blocks_that_agree_have_an_infinite_f() {
        let found = friedman(&vec![vec![0.9, 0.8, 0.7]; 4]).unwrap();
        assert_eq!((found.f, found.p), (f64::INFINITY, 0.0));
        assert!(friedman(&[vec![1.0, 2.0]]).is_none() && friedman(&[vec![1.0], vec![2.0]]).is_none());
    }
}
