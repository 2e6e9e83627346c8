//! Images moved step by step to where a network is most sure of them, within a box: projected gradient ascent (Madry et al. 2018) of the confidence, as ACET
//! (Hein, Andriushchenko and Bitterwolf 2019) trains on.
//!
//! ```text
//! x ← clip(x + ε/K · sign(∂/∂x log max_j softmax(z(x))_j))        K times; clip to |x − x_0| ≤ ε and 0 ≤ x ≤ 1
//! ```

use candle_core::{Result, Tensor};

use super::{moved, odin, unit_step};
use crate::data::Normalisation;
use crate::loss::Ascent;
use crate::model::Network;

/// The images (n, channels, h, w), normalised as the network wants them, where they end.
///
/// # Errors
///
/// The images do not fit the network.
pub fn climb(ascent: Ascent, network: &Network, images: &Tensor, normalisation: &Normalisation) -> Result<Tensor> {
    let unit = unit_step(normalisation, images)?;
    let mean = Tensor::from_vec(normalisation.mean.clone(), unit.shape(), images.device())?;
    // Black and white as the network sees them.
    let black = mean.neg()?.mul(&unit)?;
    let white = black.add(&unit)?;
    let radius = (&unit * ascent.epsilon)?;
    let low = images.broadcast_sub(&radius)?.broadcast_maximum(&black)?;
    let high = images.broadcast_add(&radius)?.broadcast_minimum(&white)?;
    let step = ascent.epsilon / ascent.steps.max(1) as f64;
    let mut at = images.detach();
    for _ in 0..ascent.steps {
        let gradient = odin::gradient(network, &at, 1.0)?;
        at = moved(&at, &gradient, &unit, step)?.maximum(&low)?.minimum(&high)?.detach();
    }
    Ok(at)
}
