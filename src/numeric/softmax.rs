//! What many scores need of one row of logits, computed once.

use super::exp::exp_nonpositive;
use super::exponentials::Sums;
use super::kernel::Kernel;
use super::real::Real;
use super::recycled::recycle;
use super::top::{Top, top};

/// Softmax statistics of one row `z` of logits, `p = softmax(z)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax {
    /// The largest logit and its index.
    pub top: Top,
    /// `s = Σ_{k ≠ argmax} exp(z_k − z_max)`: what keeps `p_max = 1/(1+s)` from saturating.
    pub rest: f64,
    /// `Σ_{k ≠ argmax} exp(z_k − z_max)·(z_k − z_max)`, at most zero.
    pub weighted_rest: f64,
    /// `Σ_{k ≠ argmax} exp(z_k − z_max)²`, at most `s²`.
    pub squared_rest: f64,
}

recycle!(Softmax);

impl Softmax {
    /// `p_max = 1/(1+s)`.
    #[must_use]
    pub fn max_probability(&self) -> f64 {
        1.0 / (1.0 + self.rest)
    }

    /// `log Σ_k exp(z_k) = z_max + log(1+s)`.
    #[must_use]
    pub fn log_sum_exp(&self) -> f64 {
        self.top.value + self.rest.ln_1p()
    }

    /// `Σ_k p_k log p_k`, at most zero; exact where some `p_k` are zero.
    #[must_use]
    pub fn negative_entropy(&self) -> f64 {
        self.weighted_rest / (1.0 + self.rest) - self.rest.ln_1p()
    }

    /// `Σ_k p_k (1 − p_k) = 1 − Σ_k p_k²`, from 0 to 1 − 1/C; keeps its digits where `p_max` is nearly 1.
    #[must_use]
    pub fn gini_impurity(&self) -> f64 {
        let sum = 1.0 + self.rest;
        // (1+s)² − 1 − q without its 1, which would swallow a small s; and s² ≥ q.
        (2.0 * self.rest + (self.rest * self.rest - self.squared_rest)) / (sum * sum)
    }
}

/// Softmax statistics of a non-empty row.
#[must_use]
pub fn softmax<T: Kernel>(row: &[T]) -> Softmax {
    softmax_at(row, 1.0)
}

/// Softmax statistics of `z / temperature` for a non-empty row `z`.
#[must_use]
pub fn softmax_at<T: Kernel>(row: &[T], temperature: f64) -> Softmax {
    let top = top(row);
    let mut sums = Sums::default();
    // Multiplied rather than divided: a division would cost as much as the exponential. Not infinite, for the sake of differences of zero.
    T::add_exponentials(row, top, (1.0 / temperature).min(f64::MAX), &mut sums);
    let [rest, weighted_rest, squared_rest] = sums.totals();
    Softmax { top: Top { index: top.index, value: top.value / temperature }, rest, weighted_rest, squared_rest }
}

/// `log Σ_k exp(z_k / temperature)` of a non-empty row.
#[must_use]
pub fn log_sum_exp_at<T: Kernel>(row: &[T], temperature: f64) -> f64 {
    softmax_at(row, temperature).log_sum_exp()
}

/// Writes `softmax(z / temperature)` of a row whose statistics at that temperature are known.
pub fn probabilities<T: Real>(row: &[T], statistics: &Softmax, temperature: f64, out: &mut [f64]) {
    let sum = 1.0 + statistics.rest;
    for (out, value) in out.iter_mut().zip(row) {
        *out = exp_nonpositive(value.to_f64() / temperature - statistics.top.value) / sum;
    }
}

/// The mean of `z_k − reference` over a non-empty row: exactly 0 where all values are the reference.
#[must_use]
pub fn mean_difference<T: Real>(row: &[T], reference: f64) -> f64 {
    // Independent lanes: one accumulator would wait for each addition.
    let mut lanes = [0.0; 8];
    let chunks = row.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().map(|value| value.to_f64() - reference).sum();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value.to_f64() - reference;
        }
    }
    (lanes.iter().sum::<f64>() + rest) / row.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two classes with logits (0, −ln 3): p = (3/4, 1/4), by hand.
    #[test]
    fn two_classes_by_hand() {
        let stats = softmax(&[0.0, -(3.0_f64.ln())]);
        assert!((stats.max_probability() - 0.75).abs() < 1e-15);
        assert!((stats.log_sum_exp() - (4.0_f64 / 3.0).ln()).abs() < 1e-15);
        let entropy = 0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln();
        assert!((stats.negative_entropy() - entropy).abs() < 1e-15);
        assert!((stats.gini_impurity() - 0.375).abs() < 1e-15);
        let mut p = [0.0; 2];
        probabilities(&[0.0, -(3.0_f64.ln())], &stats, 1.0, &mut p);
        assert!((p[0] - 0.75).abs() < 1e-15 && (p[1] - 0.25).abs() < 1e-15);
    }

    /// Logits (60, 0): p_1 = e⁻⁶⁰/(1 + e⁻⁶⁰) ≈ 8.7565e-27, so 1 − Σp² ≈ 2 p_1, while `1 − p_max²` is 0 in `f64`.
    #[test]
    fn impurity_of_a_certain_row_keeps_its_digits() {
        let impurity = softmax(&[60.0, 0.0]).gini_impurity();
        assert!((impurity / (2.0 * (-60.0_f64).exp()) - 1.0).abs() < 1e-15);
    }

    /// (1 + 2 + ... + 19)/19 = 10, below 19 by 9 on average.
    #[test]
    fn mean_difference_takes_every_value_once() {
        let row: Vec<f64> = (1..20).map(f64::from).collect();
        assert_eq!(mean_difference(&row, 19.0), -9.0);
        assert_eq!(mean_difference(&[0.1_f64; 11], 0.1), 0.0);
    }

    #[test]
    fn extreme_rows_stay_finite() {
        for row in [[1e308, -1e308, 0.0], [-1e308; 3], [1e30, 1e30, -1e30], [5e-324, 0.0, -5e-324]] {
            let stats = softmax(&row);
            assert!(stats.negative_entropy().is_finite() && stats.log_sum_exp().is_finite());
            assert!((1.0 / 3.0 - 1e-15..=1.0).contains(&stats.max_probability()));
        }
    }

    /// In `f32` both rows have p_max = 1; here they stay apart and in order.
    #[test]
    fn confident_rows_stay_distinct() {
        let probability = |gap: f32| softmax(&[gap, 0.0]).max_probability();
        assert!(probability(20.0) < probability(21.0) && probability(35.0) < probability(36.0));
    }

    #[test]
    fn temperature_one_is_the_plain_log_sum_exp() {
        let row = [0.3_f32, -2.0, 1.7, 1.7];
        assert!((log_sum_exp_at(&row, 1.0) - softmax(&row).log_sum_exp()).abs() < 1e-15);
    }
}
