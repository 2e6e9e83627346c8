//! The energy-bounded loss (Liu et al. 2020), which fine-tunes a trained network: SoftMax, with energies below m_in on images of a class and above m_out
//! on images of none.
//!
//! ```text
//! z = W·f + b,   E(z) = −log Σ_j exp z_j        as softmax
//! L = mean_i −log softmax(z_i)_{t_i}  +  λ · (mean_i max(0, E(z_i) − m_in)²  +  mean_k max(0, m_out − E(o_k))²)
//!                                               o: logits of a batch of outliers, λ = 0.1, m_in = −23, m_out = −5
//! ```
//!
//! The defaults are those of the authors' script for CIFAR-10; for CIFAR-100 it takes m_in = −27. They fine-tune for 10 epochs at a rate of 0.001 from
//! the weights of a network trained with SoftMax.

use super::likelihood::{cross_entropy, log_sum_exp};
use super::softmax::Softmax;
use super::{LossEntry, LossHead, MakeHead};
use crate::nn::Mode;
use candle_core::{Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{Parameter, SettingError, Settings};

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "energy-bounded",
    summary: "logits W f + b, cross-entropy, energies bounded on images of a class and on outliers",
    reference: "Liu et al. 2020",
    parameters: &[LAMBDA, M_IN, M_OUT],
    outliers: true,
    normalises: false,
    build,
};

/// λ: the weight of the bounds.
const LAMBDA: Parameter = Parameter {
    name: "lambda",
    default: "0.1",
    help: "the weight of the bounds; a number above 0",
    grid: &[],
    counts: None,
};
/// The largest energy that costs nothing on images of a class.
const M_IN: Parameter = Parameter {
    name: "m_in",
    default: "-23",
    help: "the largest energy that costs nothing on images of a class",
    grid: &[],
    counts: None,
};
/// The smallest energy that costs nothing on outliers.
const M_OUT: Parameter = Parameter {
    name: "m_out",
    default: "-5",
    help: "the smallest energy that costs nothing on outliers",
    grid: &[],
    counts: None,
};

fn build(settings: &Settings) -> std::result::Result<MakeHead, SettingError> {
    let lambda =
        settings.number(LAMBDA.name, "a number above 0", |weight: &f64| *weight > 0.0 && weight.is_finite())?;
    let finite = |bound: &f64| bound.is_finite();
    let m_in = settings.number(M_IN.name, "a finite number", finite)?;
    let m_out = settings.number(M_OUT.name, "a finite number", finite)?;
    Ok(Box::new(move |builder, name, [features, classes]| {
        Ok(Box::new(EnergyBounded { head: Softmax::new(builder, name, features, classes)?, lambda, m_in, m_out }))
    }))
}

/// A linear head whose energies are bounded.
pub struct EnergyBounded {
    head: Softmax,
    lambda: f64,
    m_in: f64,
    m_out: f64,
}

impl LossHead for EnergyBounded {
    fn logits(&self, features: &Tensor, mode: Mode) -> Result<Tensor> {
        self.head.logits(features, mode)
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, outliers: Option<&Tensor>) -> Result<Tensor> {
        let loss = cross_entropy(logits, targets)?;
        // Validation has no outliers.
        let Some(outliers) = outliers else { return Ok(loss) };
        // E − m_in = −(lse + m_in), m_out − E = lse + m_out.
        let inside = (log_sum_exp(logits)? + self.m_in)?.neg()?.relu()?.sqr()?.mean_all()?;
        let outside = (log_sum_exp(outliers)? + self.m_out)?.relu()?.sqr()?.mean_all()?;
        loss + ((inside + outside)? * self.lambda)?
    }

    fn head(&self) -> Result<Option<Head>> {
        self.head.head()
    }
}
