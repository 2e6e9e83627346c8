//! Energy of the head for features that a score has changed.

use ndarray::Array2;

use crate::numeric::softmax::log_sum_exp_at;
use crate::rows::Head;

/// `log Σ_c exp(z_c)` with z the logits of a head, one value per row of `features` (n, D).
pub(super) fn head_energy(head: &Head, features: &Array2<f64>, out: &mut [f64]) {
    let logits = head.logits(features.view());
    for (out, row) in out.iter_mut().zip(logits.rows()) {
        *out = row.as_slice().map_or(f64::NAN, |row| log_sum_exp_at(row, 1.0));
    }
}
