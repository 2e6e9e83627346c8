//! From logits to the mean negative log-likelihood of the targets.
//!
//! Both functions of the targets have the gradient of the mathematical function,
//!
//! ```text
//! ∂/∂z_ij = (p_ij − [j = t_i]) / n
//! ```
//!
//! which is finite wherever the logits are; they differ in how the value is computed. Logits with a
//! NaN give a NaN loss.

use crate::nn::with_gradient;
use candle_core::{D, DType, Result, Tensor};

/// Cross-entropy in one step, `log Σ_j exp z_j − z_t`: PyTorch's `CrossEntropyLoss`. A scalar.
///
/// # Errors
///
/// A target is no class, or the shapes do not fit.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let z = logits.detach();
    let (exponentials, maximum) = shifted_exponentials(&z)?;
    let sum = exponentials.sum_keepdim(1)?;
    let at_target = z.gather(&targets.unsqueeze(1)?, 1)?;
    let value = (sum.log()? + maximum)?.sub(&at_target)?.mean_all()?;
    with_likelihood_gradient(logits, &value, &exponentials.broadcast_div(&sum)?, targets)
}

/// The probability first and its logarithm after, as the paper insists (footnotes to equations 1
/// and 2): `p = softmax(z)`, then `−log p_t`. A scalar.
///
/// # Numerics
///
/// In f32, p_t underflows to 0 where z_t lies some 104 below the largest logit; the authors' code then
/// gives log 0 = −∞, and NaN through the derivative of the softmax. Here the smallest normal
/// number 1.2·10⁻³⁸ is added to p_t before the logarithm. That changes no p_t above 2·10⁻³¹, bounds the
/// loss of a row by 87.4, and the gradient stays p − onehot, with which such a row
/// still learns. A gradient through the clamped logarithm would be 0.
///
/// # Errors
///
/// A target is no class, or the shapes do not fit.
pub fn probability_then_log(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (exponentials, _) = shifted_exponentials(&logits.detach())?;
    let probabilities = exponentials.broadcast_div(&exponentials.sum_keepdim(1)?)?;
    let at_target = probabilities.gather(&targets.unsqueeze(1)?, 1)?;
    let value = (at_target + f64::from(f32::MIN_POSITIVE))?.log()?.mean_all()?.neg()?;
    with_likelihood_gradient(logits, &value, &probabilities, targets)
}

/// Cross-entropy to the uniform distribution, `log Σ_j exp z_j − (1/C) Σ_j z_j`, with the gradient `(p_ij − 1/C) / n`. A scalar.
///
/// # Errors
///
/// The logits have not two axes.
pub fn cross_entropy_to_uniform(logits: &Tensor) -> Result<Tensor> {
    let z = logits.detach();
    let (n, classes) = z.dims2()?;
    let (exponentials, maximum) = shifted_exponentials(&z)?;
    let sum = exponentials.sum_keepdim(1)?;
    let value = (sum.log()? + maximum)?.sub(&z.mean_keepdim(1)?)?.mean_all()?;
    let probabilities = exponentials.broadcast_div(&sum)?;
    let slope = ((probabilities - 1.0 / classes as f64)? / n as f64)?;
    with_gradient(logits, &value, move |grad| slope.broadcast_mul(grad))
}

/// The divergence of probabilities p from `shares` q (n, C), `mean_i Σ_j q_ij (log q_ij − log p_ij)`, with the gradient `(p_ij − q_ij) / n`. A scalar.
///
/// Probability first and logarithm after, as [`probability_then_log`] has it, with its bound; the term of q = 0 is 0.
///
/// # Errors
///
/// The shapes do not fit, or are not of two axes.
pub fn divergence(logits: &Tensor, shares: &Tensor) -> Result<Tensor> {
    let (exponentials, _) = shifted_exponentials(&logits.detach())?;
    let probabilities = exponentials.broadcast_div(&exponentials.sum_keepdim(1)?)?;
    let log = |x: &Tensor| (x + f64::from(f32::MIN_POSITIVE))?.log();
    let rows = shares.dim(0)? as f64;
    let value = (shares.mul(&(log(shares)? - log(&probabilities)?)?)?.sum_all()? / rows)?;
    let slope = (probabilities.sub(shares)? / rows)?;
    with_gradient(logits, &value, move |grad| slope.broadcast_mul(grad))
}

/// `log Σ_j exp z_ij` (n), with the gradient `p_ij`.
///
/// # Errors
///
/// The logits have not two axes.
pub fn log_sum_exp(logits: &Tensor) -> Result<Tensor> {
    let (exponentials, maximum) = shifted_exponentials(&logits.detach())?;
    let sum = exponentials.sum_keepdim(1)?;
    let value = (sum.log()? + maximum)?.squeeze(1)?;
    let probabilities = exponentials.broadcast_div(&sum)?;
    with_gradient(logits, &value, move |grad| probabilities.broadcast_mul(&grad.unsqueeze(1)?))
}

/// 1 where a column (n, C) is that of the target, else 0; bytes.
///
/// # Errors
///
/// The targets have not one axis.
pub fn is_target(targets: &Tensor, classes: usize) -> Result<Tensor> {
    let all = Tensor::arange(0u32, classes as u32, targets.device())?;
    targets.unsqueeze(1)?.broadcast_eq(&all.unsqueeze(0)?)
}

/// exp(z − max z) by row, and the maxima (n, 1).
fn shifted_exponentials(z: &Tensor) -> Result<(Tensor, Tensor)> {
    let maximum = z.max_keepdim(D::Minus1)?;
    Ok((z.broadcast_sub(&maximum)?.exp()?, maximum))
}

fn with_likelihood_gradient(
    logits: &Tensor,
    value: &Tensor,
    probabilities: &Tensor,
    targets: &Tensor,
) -> Result<Tensor> {
    let (n, classes) = probabilities.dims2()?;
    let slope = ((probabilities - is_target(targets, classes)?.to_dtype(DType::F32)?)? / n as f64)?;
    with_gradient(logits, value, move |grad| slope.broadcast_mul(grad))
}
