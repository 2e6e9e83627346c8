//! The perturbation of Generalized ODIN (Hsu et al. 2020, §3.3): towards a higher score of the loss itself, max_j h_j. ε is the one with the largest mean
//! score on held-out in-distribution images, so no OOD image is looked at.

use candle_core::{Result, Tensor};

use super::{image_gradient, moved};
use crate::model::{Network, Taps};
use crate::nn::Mode;

/// The ε that its authors try.
pub const EPSILONS: [f64; 7] = [0.0, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08];

/// The first score of the loss (n, 1), or nothing for a loss without one.
///
/// # Errors
///
/// The images do not fit the network.
pub fn score(network: &Network, images: &Tensor) -> Result<Option<Tensor>> {
    let features = network.backbone().forward(images, Mode::Eval, &mut Taps::none())?;
    Ok(network.head().scores(&features)?.into_iter().next().map(|(_, score)| score))
}

/// The gradient of the summed score with respect to the images.
///
/// # Errors
///
/// The images do not fit the network, or the loss has no score.
pub fn gradient(network: &Network, images: &Tensor) -> Result<Tensor> {
    image_gradient(images, |images| match score(network, images)? {
        Some(score) => score.sum_all(),
        None => candle_core::bail!("a loss without a score of its own"),
    })
}

/// The scores (n, 1) of the moved images for each ε.
///
/// # Errors
///
/// The images do not fit the network, or the loss has no score.
pub fn scores(network: &Network, images: &Tensor, unit_step: &Tensor, epsilons: &[f64]) -> Result<Vec<Tensor>> {
    let gradient = gradient(network, images)?;
    let of = |epsilon: &f64| match score(network, &moved(images, &gradient, unit_step, *epsilon)?)? {
        Some(score) => Ok(score.detach()),
        None => candle_core::bail!("a loss without a score of its own"),
    };
    epsilons.iter().map(of).collect()
}
