//! The basic iterative method (Kurakin, Goodfellow and Bengio 2017): small steps of [`fgsm`](super::fgsm).
//!
//! ```text
//! x ← x + ε · sign(∂/∂x −log softmax(z(x))_t)        five times with ε = 0.01, as in the code of Lee et al.
//! ```

use candle_core::{Result, Tensor};

use super::Victim;

/// How far a pixel is moved by a step.
const EPSILON: f64 = 0.01;

/// How many steps are taken.
const STEPS: usize = 5;

/// Pixels after the attack.
///
/// # Errors
/// The images do not fit the network.
pub fn attacked(victim: &Victim<'_>, pixels: &Tensor, targets: &Tensor) -> Result<Tensor> {
    victim.away(pixels, targets, STEPS, EPSILON)
}
