//! The fast gradient sign method (Goodfellow, Shlens and Szegedy 2015).
//!
//! ```text
//! x̃ = x + ε · sign(∂/∂x −log softmax(z(x))_t)        ε = 0.05, as Lee et al. take it
//! ```

use candle_core::{Result, Tensor};

use super::Victim;

/// How far a pixel is moved.
const EPSILON: f64 = 0.05;

/// Pixels after the attack.
///
/// # Errors
/// The images do not fit the network.
pub fn attacked(victim: &Victim<'_>, pixels: &Tensor, targets: &Tensor) -> Result<Tensor> {
    victim.away(pixels, targets, 1, EPSILON)
}
