//! DisMax, the distinction maximisation loss (Macêdo, Zanchettin and Ludermir 2022), with its fractional probability regularisation.
//!
//! ```text
//! z_j = −(D_j + (1/C) Σ_k D_k),   D_j = |d_s| · ‖f̂ − p̂_j‖/√2        p_j ~ N(0, 1), d_s = 1 at the start
//! L   = mean_i −log(softmax(E_s · z_i)_{t_i}),  E_s = 10                                     α = 0
//! L   = ½ · that of the first half of a batch + ½ · α · mean_k KL(q_k ‖ softmax(E_s · z_k))   α = 1, k: mosaics of the second half
//! ```
//!
//! Adding the mean of all distances to each changes no probability; it lowers the logits of what is far from every prototype, which is what `max_logit` and `mmles`, the
//! authors' score, read. A [mosaic](super::mosaic) has four quarters of four images, and q a quarter of the probability for each of their classes. The authors divide
//! logits by a temperature that is 1 in training and chosen afterwards, for calibration: the score `temperature` does that from a dump.

use super::distance::{distances, unit_rows};
use super::entropic_scale::EntropicScale;
use super::likelihood::divergence;
use super::{LossEntry, LossHead, MakeHead};
use crate::nn::{Builder, Init, Mode};
use candle_core::{Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{Parameter, SettingError, Settings};

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "dismax",
    summary: "logits -(D_j + mean of D), D = |d_s| |f/|f| - p_j/|p_j||/sqrt(2), the loss of isomax, and half of each batch as mosaics",
    reference: "Macêdo, Zanchettin and Ludermir 2022",
    parameters: &[EntropicScale::PARAMETER, ALPHA],
    outliers: false,
    normalises: false,
    build,
};

/// α: the weight of the mosaics.
const ALPHA: Parameter = Parameter {
    name: "alpha",
    default: "1",
    help: "the weight of mosaics of four images, which half of each batch becomes; 0 for none",
    grid: &[],
    counts: None,
};

fn build(settings: &Settings) -> std::result::Result<MakeHead, SettingError> {
    let scale = EntropicScale::of(settings)?;
    let alpha = settings.number(ALPHA.name, "a number of 0 or more", |a: &f64| *a >= 0.0 && a.is_finite())?;
    Ok(Box::new(move |builder, name, sizes| Ok(Box::new(Dismax::new(builder, name, sizes, (scale, alpha))?))))
}

/// A head of normalised prototypes whose logits sink with the distance to all of them.
pub struct Dismax {
    prototypes: Tensor,
    distance_scale: Tensor,
    scale: EntropicScale,
    alpha: f64,
}

impl Dismax {
    /// Makes `NAME.prototypes` (C, D) and `NAME.distance_scale` (1).
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn new(
        builder: &mut Builder,
        name: &str,
        [features, classes]: [usize; 2],
        (scale, alpha): (EntropicScale, f64),
    ) -> Result<Self> {
        builder.within(name, |b| {
            Ok(Self {
                prototypes: b.trainable("prototypes", (classes, features), Init::Normal(1.0))?,
                distance_scale: b.trainable("distance_scale", 1, Init::Constant(1.0))?,
                scale,
                alpha,
            })
        })
    }
}

impl LossHead for Dismax {
    fn logits(&self, features: &Tensor, _: Mode) -> Result<Tensor> {
        let distances = distances(&unit_rows(features)?, &unit_rows(&self.prototypes)?)?;
        let distances = distances.broadcast_mul(&(self.distance_scale.abs()? / 2_f64.sqrt())?)?;
        distances.broadcast_add(&distances.mean_keepdim(1)?)?.neg()
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, _: Option<&Tensor>) -> Result<Tensor> {
        self.scale.loss(logits, targets)
    }

    /// None: the library's heads of prototypes give other logits.
    fn head(&self) -> Result<Option<Head>> {
        Ok(None)
    }

    fn mosaics(&self) -> bool {
        self.alpha > 0.0
    }

    fn mosaic_loss(&self, logits: &Tensor, shares: &Tensor) -> Result<Tensor> {
        divergence(&self.scale.scaled(logits)?, shares)? * self.alpha
    }
}
