//! ODIN's perturbation (Liang et al. 2018, equation 2): towards a higher probability of the predicted class at temperature T.

use candle_core::{Result, Tensor};

use super::{image_gradient, moved};
use crate::loss::likelihood::cross_entropy;
use crate::model::Network;
use crate::nn::Mode;

/// The gradient of Σ_i log softmax(z_i/T)_ŷ with respect to the images.
///
/// # Errors
///
/// The images do not fit the network.
pub fn gradient(network: &Network, images: &Tensor, temperature: f64) -> Result<Tensor> {
    let rows = images.dim(0)? as f64;
    image_gradient(images, |images| {
        let logits = network.logits(images, Mode::Eval)?;
        let predicted = logits.detach().argmax(1)?;
        // The loss is a mean, and a probability that falls.
        cross_entropy(&(logits / temperature)?, &predicted)? * -rows
    })
}

/// The logits (n, C) of the moved images for each ε; the gradient is formed once.
///
/// # Errors
///
/// The images do not fit the network.
pub fn logits(
    network: &Network,
    images: &Tensor,
    unit_step: &Tensor,
    (temperature, epsilons): (f64, &[f64]),
) -> Result<Vec<Tensor>> {
    let gradient = gradient(network, images, temperature)?;
    let of = |epsilon: &f64| {
        let moved = moved(images, &gradient, unit_step, *epsilon)?;
        Ok(network.logits(&moved, Mode::Eval)?.detach())
    };
    epsilons.iter().map(of).collect()
}
