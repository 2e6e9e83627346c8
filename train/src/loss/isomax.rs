//! The IsoMax loss (Macêdo, Ren, Zanchettin, Oliveira and Ludermir 2021; equation 1 of the paper
//! on IsoMax+).
//!
//! ```text
//! z_j = −‖f − p_j‖        prototypes p_j = 0 at the start
//! L   = mean_i −log(softmax(E_s · z_i)_{t_i}),  E_s = 10
//! ```
//!
//! The distance is not squared. At the start every prototype is at 0, and so is a feature vector
//! whose units are all dead: their distance is 0, where the gradient is taken as 0 (see
//! [`distances`]).

use super::distance::distances;
use super::likelihood::probability_then_log;
use super::{HeadParameters, LossHead};
use crate::nn::{Builder, Init};
use candle_core::{Result, Tensor};

/// E_s: multiplies the logits in training and is dropped afterwards; a constant, not tuned.
pub const ENTROPIC_SCALE: f64 = 10.0;

/// A head of prototypes.
pub struct Isomax {
    prototypes: Tensor,
}

impl Isomax {
    /// Makes `NAME.prototypes` (C, D).
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn new(builder: &mut Builder, name: &str, features: usize, classes: usize) -> Result<Self> {
        let shape = (classes, features);
        let prototypes = builder.within(name, |b| b.trainable("prototypes", shape, Init::Constant(0.0)))?;
        Ok(Self { prototypes })
    }
}

impl LossHead for Isomax {
    fn logits(&self, features: &Tensor) -> Result<Tensor> {
        distances(features, &self.prototypes)?.neg()
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        probability_then_log(&(logits * ENTROPIC_SCALE)?, targets)
    }

    fn parameters(&self) -> HeadParameters {
        HeadParameters::Prototypes { prototypes: self.prototypes.detach(), distance_scale: None }
    }
}
