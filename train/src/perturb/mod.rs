//! Images moved a small step along the sign of a gradient, so that a network says more of where they come from.
//!
//! ```text
//! x̃ = x + ε · sign(∂g/∂x)        x on the scale 0 to 1, not cut off there
//! ```
//!
//! | kind | g | what is dumped of x̃ |
//! |---|---|---|
//! | [`odin`] | log softmax(z/T)_ŷ, ŷ the predicted class | logits, for each T and ε |
//! | [`godin`] | the score of the loss itself, such as max_j h_j | that score |
//! | [`mahalanobis`] | M_l, of every layer for itself | M_l of that layer, for each ε, but not of id/train |
//!
//! A training may move images of no class in the same way, step by step: [`ascent`].
//!
//! A network sees normalised images, (x − mean)/std, so that its own step is ε/std in every channel, as in the authors' code.
//! Gradients are those of evaluation mode.

pub mod ascent;
pub mod godin;
pub mod mahalanobis;
pub mod odin;
mod prepared;

pub use prepared::{Moved, Prepared};

use candle_core::{Result, Tensor, Var};

use crate::data::Normalisation;

/// The gradient of a sum over images, one term for each, with respect to the images (n, channels, h, w).
///
/// # Errors
///
/// The images do not fit the network.
pub fn image_gradient(images: &Tensor, sum: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let images = Var::from_tensor(images)?;
    let gradients = sum(images.as_tensor())?.backward()?;
    match gradients.get(&images) {
        Some(gradient) => Ok(gradient.detach()),
        None => images.zeros_like(),
    }
}

/// How far a network's own images move for a step of ε = 1 on the scale 0 to 1: 1/std (1, channels, 1, 1).
///
/// # Errors
///
/// The device has no room for it.
pub fn unit_step(normalisation: &Normalisation, like: &Tensor) -> Result<Tensor> {
    let inverse: Vec<f32> = normalisation.std.iter().map(|std| 1.0 / std).collect();
    let channels = inverse.len();
    Tensor::from_vec(inverse, (1, channels, 1, 1), like.device())
}

/// The images moved by ε along the signs of a gradient.
///
/// # Errors
///
/// The shapes do not fit.
pub fn moved(images: &Tensor, gradient: &Tensor, unit_step: &Tensor, epsilon: f64) -> Result<Tensor> {
    images.add(&(gradient.sign()?.broadcast_mul(unit_step)? * epsilon)?)
}

/// Which perturbation, and which steps.
#[derive(Clone, Debug, PartialEq)]
pub enum Perturbation {
    /// Every T with every ε.
    Odin {
        /// Temperatures T.
        temperatures: Vec<f64>,
        /// Steps ε.
        epsilons: Vec<f64>,
    },
    /// The best of these ε.
    Godin {
        /// Steps ε.
        epsilons: Vec<f64>,
    },
    /// Every ε, for every layer.
    Mahalanobis {
        /// Steps ε.
        epsilons: Vec<f64>,
    },
}
