//! The SoftMax loss: linear layer, softmax and cross-entropy; the baseline every paper compares with.
//!
//! ```text
//! z = W·f + b        W ~ U(−√(1/D), √(1/D)), b = 0 at the start
//! L = mean_i −log softmax(z_i)_{t_i}
//! ```

use super::likelihood::cross_entropy;
use super::{HeadParameters, LossHead};
use crate::nn::{Builder, Linear};
use candle_core::{Result, Tensor};

/// A linear head trained with cross-entropy.
pub struct Softmax {
    linear: Linear,
}

impl Softmax {
    /// Makes `NAME.weight` (C, D) and `NAME.bias` (C).
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn new(builder: &mut Builder, name: &str, features: usize, classes: usize) -> Result<Self> {
        let linear = Linear::new(builder, name, [features, classes])?;
        Ok(Self { linear })
    }
}

impl LossHead for Softmax {
    fn logits(&self, features: &Tensor) -> Result<Tensor> {
        self.linear.forward(features)
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        cross_entropy(logits, targets)
    }

    fn parameters(&self) -> HeadParameters {
        HeadParameters::Linear { weight: self.linear.weight().detach(), bias: self.linear.bias().detach() }
    }
}
