//! Outlier Exposure (Hendrycks, Mazeika and Dietterich 2019), the loss of the paper's Table 5: SoftMax, and uniform probabilities on images that belong
//! to no class.
//!
//! ```text
//! z = W·f + b        as softmax
//! L = mean_i −log softmax(z_i)_{t_i}  +  λ · mean_k −(1/C) Σ_j log softmax(o_k)_j        o: logits of a batch of outliers, λ = 0.5
//! ```
//!
//! The second term is the cross-entropy to the uniform distribution, log Σ_j exp o_j − mean_j o_j. Both batches go through the network as one, so that
//! batch normalisation sees both, as in the authors' code.

use super::likelihood::{cross_entropy, cross_entropy_to_uniform};
use super::softmax::Softmax;
use super::{LossEntry, LossHead, MakeHead};
use crate::nn::Mode;
use candle_core::{Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{Parameter, SettingError, Settings};

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "outlier-exposure",
    summary: "logits W f + b, cross-entropy, and on outliers cross-entropy to the uniform distribution",
    reference: "Hendrycks, Mazeika and Dietterich 2019",
    parameters: &[LAMBDA],
    outliers: true,
    normalises: false,
    build,
};

/// λ: the weight of the outliers.
const LAMBDA: Parameter = Parameter {
    name: "lambda",
    default: "0.5",
    help: "the weight of the outliers; a number above 0",
    grid: &[],
    counts: None,
};

fn build(settings: &Settings) -> std::result::Result<MakeHead, SettingError> {
    let valid = |weight: &f64| *weight > 0.0 && weight.is_finite();
    let lambda = settings.number(LAMBDA.name, "a number above 0", valid)?;
    Ok(Box::new(move |builder, name, [features, classes]| {
        Ok(Box::new(OutlierExposure { head: Softmax::new(builder, name, features, classes)?, lambda }))
    }))
}

/// A linear head whose probabilities are uniform on outliers.
pub struct OutlierExposure {
    head: Softmax,
    lambda: f64,
}

impl LossHead for OutlierExposure {
    fn logits(&self, features: &Tensor, mode: Mode) -> Result<Tensor> {
        self.head.logits(features, mode)
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, outliers: Option<&Tensor>) -> Result<Tensor> {
        let loss = cross_entropy(logits, targets)?;
        match outliers {
            Some(outliers) => loss + (cross_entropy_to_uniform(outliers)? * self.lambda)?,
            // Validation has no outliers.
            None => Ok(loss),
        }
    }

    fn head(&self) -> Result<Option<Head>> {
        self.head.head()
    }
}
