//! The SoftMax loss: linear layer, softmax and cross-entropy; the baseline every paper compares with.
//!
//! ```text
//! z = W·f + b        W ~ U(−√(1/D), √(1/D)), b = 0 at the start
//! L = mean_i −log softmax(z_i)_{t_i}
//! ```

use super::likelihood::cross_entropy;
use super::{LossEntry, LossHead, MakeHead};
use crate::nn::{Builder, Linear, Mode, matrix, vector};
use candle_core::{Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{SettingError, Settings};

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "softmax",
    summary: "logits W f + b, cross-entropy",
    reference: "the baseline of every paper",
    parameters: &[],
    outliers: false,
    normalises: false,
    build,
};

fn build(_: &Settings) -> std::result::Result<MakeHead, SettingError> {
    Ok(Box::new(|builder, name, [features, classes]| Ok(Box::new(Softmax::new(builder, name, features, classes)?))))
}

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
    fn logits(&self, features: &Tensor, _: Mode) -> Result<Tensor> {
        self.linear.forward(features)
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, _: Option<&Tensor>) -> Result<Tensor> {
        cross_entropy(logits, targets)
    }

    fn head(&self) -> Result<Option<Head>> {
        let (weight, bias) = (matrix(self.linear.weight())?, vector(self.linear.bias())?.into());
        Ok(Some(Head::Linear { weight, bias }))
    }
}
