//! Images moved step by step to where a network is most sure of them, within a box: projected gradient ascent (Madry et al. 2018) of the confidence, as ACET
//! (Hein, Andriushchenko and Bitterwolf 2019) trains on.
//!
//! ```text
//! x ← clip(x + ε/K · sign(∂/∂x log max_j softmax(z(x))_j))        K times; clip to |x − x_0| ≤ ε and 0 ≤ x ≤ 1
//! ```

use candle_core::{Result, Tensor};

use super::{moved, odin, unit_step};
use crate::data::Normalisation;
use crate::model::Network;

/// How far, and in how many steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ascent {
    /// ε: the most that a pixel moves on the scale 0 to 1.
    pub epsilon: f64,
    /// K: steps of ε/K each.
    pub steps: usize,
}

impl Ascent {
    /// The images (n, channels, h, w), normalised as the network wants them, where they end.
    ///
    /// # Errors
    ///
    /// The images do not fit the network.
    pub fn climb(self, network: &Network, images: &Tensor, normalisation: &Normalisation) -> Result<Tensor> {
        let unit = unit_step(normalisation, images)?;
        let mean: Vec<f32> = normalisation.mean.clone();
        let mean = Tensor::from_vec(mean, unit.shape(), images.device())?;
        // Black and white as the network sees them.
        let black = mean.neg()?.mul(&unit)?;
        let white = black.add(&unit)?;
        let radius = (&unit * self.epsilon)?;
        let low = images.broadcast_sub(&radius)?.broadcast_maximum(&black)?;
        let high = images.broadcast_add(&radius)?.broadcast_minimum(&white)?;
        let step = self.epsilon / self.steps.max(1) as f64;
        let mut at = images.detach();
        for _ in 0..self.steps {
            let gradient = odin::gradient(network, &at, 1.0)?;
            at = moved(&at, &gradient, &unit, step)?.maximum(&low)?.minimum(&high)?.detach();
        }
        Ok(at)
    }
}
