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
use super::entropic_scale::EntropicScale;
use super::{LossEntry, LossHead, MakeHead};
use crate::nn::{Builder, Init, Mode, matrix};
use candle_core::{Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{SettingError, Settings};

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "isomax",
    summary: "logits -|f - p_j|, -log softmax(E_s logits), probability and logarithm separately",
    reference: "Macêdo, Ren, Zanchettin, Oliveira and Ludermir 2021",
    parameters: &[EntropicScale::PARAMETER],
    outliers: false,
    normalises: false,
    build,
};

fn build(settings: &Settings) -> std::result::Result<MakeHead, SettingError> {
    let scale = EntropicScale::of(settings)?;
    Ok(Box::new(move |builder, name, [features, classes]| {
        Ok(Box::new(Isomax::new(builder, name, [features, classes], scale)?))
    }))
}

/// A head of prototypes.
pub struct Isomax {
    prototypes: Tensor,
    scale: EntropicScale,
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
        scale: EntropicScale,
    ) -> Result<Self> {
        let shape = (classes, features);
        let prototypes = builder.within(name, |b| b.trainable("prototypes", shape, Init::Constant(0.0)))?;
        Ok(Self { prototypes, scale })
    }
}

impl LossHead for Isomax {
    fn logits(&self, features: &Tensor, _: Mode) -> Result<Tensor> {
        distances(features, &self.prototypes)?.neg()
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, _: Option<&Tensor>) -> Result<Tensor> {
        self.scale.loss(logits, targets)
    }

    fn head(&self) -> Result<Option<Head>> {
        Ok(Some(Head::Prototypes { prototypes: matrix(&self.prototypes)? }))
    }
}
