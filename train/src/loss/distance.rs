//! Euclidean distances and directions with gradients that stay finite where the textbook ones do not
//! exist.

use crate::nn::{with_gradient, with_gradients};
use candle_core::{D, Result, Tensor};

/// Norms up to this are treated as 0 by [`unit_rows`]; the ε of PyTorch's `F.normalize`.
pub const NORM_EPSILON: f64 = 1e-12;

/// Non-squared distances (n, C) between rows of `x` (n, D) and rows of `y` (C, D).
///
/// # Formula
///
/// ```text
/// d_ij = √(Σ_k (x_ik − y_jk)²)        ∂d_ij/∂x_i = (x_i − y_j) / d_ij, and 0 where d_ij = 0
/// ```
///
/// Differences are formed directly, as `torch.cdist` does in the mode
/// `donot_use_mm_for_euclid_dist`, so that close points lose no digits, and 0 is the subgradient it
/// takes at distance 0. The automatic derivative of √ gives NaN there.
///
/// # Errors
///
/// The rows differ in length.
pub fn distances(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    let (fixed_x, fixed_y) = (x.detach(), y.detach());
    let value = differences(&fixed_x, &fixed_y)?.sqr()?.sum(D::Minus1)?.sqrt()?;
    let distance = value.clone();
    with_gradients(x, y, &value, move |grad| {
        let share = grad.div(&distance)?;
        let share = distance.gt(0f32)?.where_cond(&share, &share.zeros_like()?)?;
        let pulls = differences(&fixed_x, &fixed_y)?.broadcast_mul(&share.unsqueeze(2)?)?;
        Ok((pulls.sum(1)?, pulls.sum(0)?.neg()?))
    })
}

/// x_i − y_j, (n, C, D).
fn differences(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    x.unsqueeze(1)?.broadcast_sub(&y.unsqueeze(0)?)
}

/// Rows divided by their norm, x̂ = x / max(‖x‖, 10⁻¹²).
///
/// # Formula
///
/// ```text
/// ∂L/∂x = (g − x̂ (g · x̂)) / ‖x‖, and 0 where ‖x‖ ≤ 10⁻¹²
/// ```
///
/// A row of zeros has no direction. PyTorch's gradient there is 10¹² · g, which one dead feature
/// vector would be enough to ruin a network with; ours is 0.
///
/// # Errors
///
/// `x` has not two axes.
pub fn unit_rows(x: &Tensor) -> Result<Tensor> {
    let fixed = x.detach();
    let norm = fixed.sqr()?.sum_keepdim(1)?.sqrt()?;
    let value = fixed.broadcast_div(&norm.maximum(NORM_EPSILON)?)?;
    let unit = value.clone();
    with_gradient(x, &value, move |grad| {
        let along = grad.mul(&unit)?.sum_keepdim(1)?;
        let across = grad.sub(&unit.broadcast_mul(&along)?)?;
        let defined = norm.gt(NORM_EPSILON as f32)?;
        let inverse = defined.where_cond(&norm.recip()?, &norm.zeros_like()?)?;
        across.broadcast_mul(&inverse)
    })
}
