//! DeLong's test: how much an AUROC varies, and whether two scores of the same rows differ in it.
//!
//! # Formula
//!
//! K scores x are ID, N scores y are OOD, ψ(x, y) is 1 if x > y, ½ if x = y, 0 otherwise.
//!
//! ```text
//! V10_i = mean over j of ψ(x_i, y_j)      V01_j = mean over i of ψ(x_i, y_j)      A = mean of V10 = mean of V01
//! cov(A, A') = S10/K + S01/N              S: sample covariances (n − 1) of V10 and V10', of V01 and V01'
//! z = (A − A') / sqrt(var A + var A' − 2 cov(A, A'))          p = 2·Φ(−|z|)
//! ```
//!
//! V10 and V01 come from sorted samples and binary search, in n log n rather than K·N steps, and are the same fractions.
//!
//! # Source
//!
//! E. DeLong, D. DeLong, D. Clarke-Pearson, Biometrics 44 (1988); in n log n: X. Sun, W. Xu, IEEE Signal Processing Letters 21 (2014).
//!
//! # Example
//!
//! ```
//! use oodbench::stats::delong::Components;
//! let a = Components::of(&[3.0, 2.0], &[1.0, 2.0]);
//! // ψ = (1, 1) for 3 and (1, ½) for 2: V10 = (1, ¾), V01 = (1, ¾), each of variance 1/32.
//! assert_eq!(a.auroc(), 0.875);
//! assert_eq!(a.covariance(&a), 1.0 / 32.0 / 2.0 + 1.0 / 32.0 / 2.0);
//! ```

use libm::erfc;

use crate::numeric::sort::sort;

/// V10 and V01 of one score, in the order of its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Components {
    id: Vec<f64>,
    ood: Vec<f64>,
    auroc: f64,
}

/// How two AUROCs on the same rows differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The first AUROC less the second.
    pub difference: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Their quotient; 0 if both are 0, infinite if only the error is: then nothing says how far the difference varies, and p means nothing.
    pub z: f64,
    /// How likely at least such a |z| is if they do not differ: two-sided, standard normal.
    pub p: f64,
}

impl Components {
    /// The components of finite ID and OOD scores, at least one of each; NaN variances for fewer than two.
    #[must_use]
    pub fn of(id: &[f64], ood: &[f64]) -> Self {
        let sorted = |scores: &[f64]| {
            let mut scores = scores.to_vec();
            sort(&mut scores);
            scores
        };
        let (id_sorted, ood_sorted) = (sorted(id), sorted(ood));
        // Twice ψ summed over the others, a whole number.
        let below = |others: &[f64], score: f64| {
            others.partition_point(|&x| x < score) + others.partition_point(|&x| x <= score)
        };
        let id: Vec<usize> = id.iter().map(|&score| below(&ood_sorted, score)).collect();
        let ood: Vec<usize> = ood.iter().map(|&score| 2 * id_sorted.len() - below(&id_sorted, score)).collect();
        let share = |counts: &[usize], others: usize| counts.iter().map(|&c| c as f64 / (2 * others) as f64).collect();
        let all = 2 * id.len() as u128 * ood.len() as u128;
        let auroc = id.iter().map(|&c| c as u128).sum::<u128>() as f64 / all as f64;
        Self { auroc, id: share(&id, ood_sorted.len()), ood: share(&ood, id_sorted.len()) }
    }

    /// The area under the ROC curve, ties counting half.
    #[must_use]
    pub fn auroc(&self) -> f64 {
        self.auroc
    }

    /// Why the variance is undefined, if it is: a single row does not vary.
    #[must_use]
    pub fn too_few(&self) -> Option<&'static str> {
        match (self.id.len(), self.ood.len()) {
            (..2, ..2) => Some("found 1 ID row and 1 OOD row, expected at least 2 of each"),
            (..2, _) => Some("found 1 ID row, expected at least 2"),
            (_, ..2) => Some("found 1 OOD row, expected at least 2"),
            _ => None,
        }
    }

    /// The covariance with the AUROC of another score of the same rows; with itself its variance.
    #[must_use]
    pub fn covariance(&self, other: &Self) -> f64 {
        let part = |a: &[f64], b: &[f64]| {
            let n = a.len() as f64;
            let products = a.iter().zip(b).map(|(x, y)| (x - self.auroc) * (y - other.auroc));
            products.sum::<f64>() / (n - 1.0) / n
        };
        part(&self.id, &other.id) + part(&self.ood, &other.ood)
    }

    /// Tests whether this AUROC and that of another score of the same rows differ.
    ///
    /// ```
    /// # use oodbench::stats::delong::Components;
    /// let (a, b) = (Components::of(&[3.0, 2.0], &[1.0, 2.0]), Components::of(&[3.0, 2.0], &[1.0, 0.0]));
    /// // The second is 1 without variance, so the error is that of the first, sqrt(1/32).
    /// let test = a.difference(&b);
    /// assert_eq!((test.difference, test.standard_error), (-0.125, (1.0_f64 / 32.0).sqrt()));
    /// // z = −1/sqrt 2.
    /// assert!((test.p - 0.479_500).abs() < 1e-6);
    /// ```
    #[must_use]
    pub fn difference(&self, other: &Self) -> Difference {
        // The variance of the differences, rather than three covariances that cancel: 0 for scores of one order.
        let paired = Self {
            id: differences(&self.id, &other.id),
            ood: differences(&self.ood, &other.ood),
            auroc: self.auroc - other.auroc,
        };
        let (difference, standard_error) = (paired.auroc, paired.covariance(&paired).sqrt());
        let z = if difference == 0.0 && standard_error == 0.0 { 0.0 } else { difference / standard_error };
        Difference { difference, standard_error, z, p: erfc(z.abs() / std::f64::consts::SQRT_2) }
    }
}

fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| x - y).collect()
}
