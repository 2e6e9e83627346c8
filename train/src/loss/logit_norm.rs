//! LogitNorm (Wei et al. 2022): SoftMax whose loss sees the direction of the logits alone, so that confidence cannot grow with their length.
//!
//! ```text
//! z = W·f + b                                            as softmax
//! L = mean_i −log softmax(z_i / (‖z_i‖ · τ))_{t_i}        τ = 0.04
//! ```
//!
//! The authors add 10⁻⁷ to ‖z‖; here a row of zeros has no direction and no gradient ([`unit_rows`]).

use super::distance::unit_rows;
use super::likelihood::cross_entropy;
use super::softmax::Softmax;
use super::{LossEntry, LossHead, MakeHead};
use crate::nn::Mode;
use candle_core::{Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{Parameter, SettingError, Settings};

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "logit-norm",
    summary: "logits z = W f + b, cross-entropy of z/(|z| tau)",
    reference: "Wei et al. 2022",
    parameters: &[TAU],
    outliers: false,
    normalises: false,
    build,
};

/// τ: the temperature of the directions.
const TAU: Parameter =
    Parameter { name: "tau", default: "0.04", help: "the temperature; a number above 0", grid: &[], counts: None };

fn build(settings: &Settings) -> std::result::Result<MakeHead, SettingError> {
    let tau = settings.number(TAU.name, "a number above 0", |tau: &f64| *tau > 0.0 && tau.is_finite())?;
    Ok(Box::new(move |builder, name, [features, classes]| {
        Ok(Box::new(LogitNorm { head: Softmax::new(builder, name, features, classes)?, tau }))
    }))
}

/// A linear head trained with the cross-entropy of its directions.
pub struct LogitNorm {
    head: Softmax,
    tau: f64,
}

impl LossHead for LogitNorm {
    fn logits(&self, features: &Tensor, mode: Mode) -> Result<Tensor> {
        self.head.logits(features, mode)
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, _: Option<&Tensor>) -> Result<Tensor> {
        cross_entropy(&(unit_rows(logits)? / self.tau)?, targets)
    }

    fn head(&self) -> Result<Option<Head>> {
        self.head.head()
    }
}
