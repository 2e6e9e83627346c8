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
use super::{LossEntry, LossHead, MakeHead};
use crate::nn::{Builder, Init, matrix};
use candle_core::{Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{Parameter, SettingError, Settings};

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "isomax",
    summary: "logits -|f - p_j|, -log softmax(E_s logits), probability and logarithm separately",
    reference: "Macêdo, Ren, Zanchettin, Oliveira and Ludermir 2021",
    parameters: &[ENTROPIC_SCALE],
    outliers: false,
    build,
};

/// E_s: multiplies the logits in training and is dropped afterwards; a constant of the paper, not tuned.
pub const ENTROPIC_SCALE: Parameter = Parameter {
    name: "entropic_scale",
    default: "10",
    help: "E_s, which multiplies the logits in the loss and not in the dump; a number above 0",
    grid: &[],
    counts: None,
};

/// The value of [`ENTROPIC_SCALE`].
///
/// # Errors
///
/// It is not a number above 0.
pub fn entropic_scale(settings: &Settings) -> std::result::Result<f64, SettingError> {
    settings.number(ENTROPIC_SCALE.name, "a number above 0", |scale: &f64| *scale > 0.0 && scale.is_finite())
}

fn build(settings: &Settings) -> std::result::Result<MakeHead, SettingError> {
    let scale = entropic_scale(settings)?;
    Ok(Box::new(move |builder, name, [features, classes]| {
        Ok(Box::new(Isomax::new(builder, name, [features, classes], scale)?))
    }))
}

/// A head of prototypes.
pub struct Isomax {
    prototypes: Tensor,
    entropic_scale: f64,
}

impl Isomax {
    /// Makes `NAME.prototypes` (C, D).
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn new(
        builder: &mut Builder,
        name: &str,
        [features, classes]: [usize; 2],
        entropic_scale: f64,
    ) -> Result<Self> {
        let shape = (classes, features);
        let prototypes = builder.within(name, |b| b.trainable("prototypes", shape, Init::Constant(0.0)))?;
        Ok(Self { prototypes, entropic_scale })
    }
}

impl LossHead for Isomax {
    fn logits(&self, features: &Tensor) -> Result<Tensor> {
        distances(features, &self.prototypes)?.neg()
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, _: Option<&Tensor>) -> Result<Tensor> {
        probability_then_log(&(logits * self.entropic_scale)?, targets)
    }

    fn head(&self) -> Result<Head> {
        Ok(Head::Prototypes { prototypes: matrix(&self.prototypes)? })
    }
}
