//! The IsoMax+ loss (Macêdo and Ludermir 2022, equation 2 and algorithm 1).
//!
//! ```text
//! z_j = −|d_s| · ‖f̂ − p̂_j‖        p_j ~ N(0, 1), d_s = 1 at the start;  v̂ = v / max(‖v‖, 10⁻¹²)
//! L   = mean_i −log(softmax(E_s · z_i)_{t_i}),  E_s = 10
//! ```
//!
//! Both features and prototypes are normalised, so a distance lies in [0, 2], and the learnable scale
//! d_s gives back the range. −z_j at its smallest, over j, is the minimum distance score times
//! |d_s|, with the sign of every score here: max_j z_j is higher for the in-distribution.

use super::distance::{distances, unit_rows};
use super::entropic_scale::EntropicScale;
use super::{LossEntry, LossHead, MakeHead};
use crate::nn::{Builder, Init, Mode, matrix, vector};
use candle_core::{Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{SettingError, Settings};

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "isomax-plus",
    summary: "logits -|d_s| |f/|f| - p_j/|p_j||, the loss of isomax",
    reference: "Macêdo and Ludermir 2022",
    parameters: &[EntropicScale::PARAMETER],
    outliers: false,
    normalises: false,
    build,
};

fn build(settings: &Settings) -> std::result::Result<MakeHead, SettingError> {
    let scale = EntropicScale::of(settings)?;
    Ok(Box::new(move |builder, name, [features, classes]| {
        Ok(Box::new(IsomaxPlus::new(builder, name, [features, classes], scale)?))
    }))
}

/// A head of normalised prototypes with a distance scale.
pub struct IsomaxPlus {
    prototypes: Tensor,
    distance_scale: Tensor,
    scale: EntropicScale,
}

impl IsomaxPlus {
    /// Makes `NAME.prototypes` (C, D) and `NAME.distance_scale` (1).
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
        builder.within(name, |b| {
            Ok(Self {
                prototypes: b.trainable("prototypes", (classes, features), Init::Normal(1.0))?,
                distance_scale: b.trainable("distance_scale", 1, Init::Constant(1.0))?,
                scale,
            })
        })
    }
}

impl LossHead for IsomaxPlus {
    fn logits(&self, features: &Tensor, _: Mode) -> Result<Tensor> {
        distances(&unit_rows(features)?, &unit_rows(&self.prototypes)?)?
            .broadcast_mul(&self.distance_scale.abs()?)?
            .neg()
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, _: Option<&Tensor>) -> Result<Tensor> {
        self.scale.loss(logits, targets)
    }

    fn head(&self) -> Result<Option<Head>> {
        let scale = vector(&self.distance_scale)?.first().copied().unwrap_or(f64::NAN);
        Ok(Some(Head::normalised_prototypes(matrix(&self.prototypes)?, scale)))
    }
}
