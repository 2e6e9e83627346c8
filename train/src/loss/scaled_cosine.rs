//! Scaled cosine (Techapanurak, Suganuma and Okatani 2020): logits are cosines times a scale that the features tell.
//!
//! ```text
//! z_j = s(f) · ⟨f̂, ŵ_j⟩,   s(f) = exp(BN(v·f + c))        W, v ~ U(−√(1/D), √(1/D)), c = 0 at the start
//! L   = mean_i −log softmax(z_i)_{t_i}
//! ```
//!
//! What tells OOD images apart is the largest cosine, without s: the dump has it as `scores@cosine.npy`. W is not decayed, as in the authors' code.

use super::distance::unit_rows;
use super::likelihood::cross_entropy;
use super::{LossEntry, LossHead, MakeHead};
use crate::nn::{Activation, BatchNorm2d, Builder, Init, Linear, Mode};
use candle_core::{D, Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{SettingError, Settings};

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "scaled-cosine",
    summary: "logits s(f) cos(f, w_j), cross-entropy; scores@cosine in the dump",
    reference: "Techapanurak, Suganuma and Okatani 2020",
    parameters: &[],
    outliers: false,
    normalises: true,
    build,
};

fn build(_: &Settings) -> std::result::Result<MakeHead, SettingError> {
    Ok(Box::new(|builder, name, sizes| Ok(Box::new(ScaledCosine::new(builder, name, sizes)?))))
}

/// A head of directions with a scale of its own for every image.
pub struct ScaledCosine {
    weight: Tensor,
    scale: Linear,
    norm: BatchNorm2d,
}

impl ScaledCosine {
    /// Makes `NAME.weight` (C, D), `NAME.scale` (1, D) and its batch normalisation.
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn new(builder: &mut Builder, name: &str, [features, classes]: [usize; 2]) -> Result<Self> {
        let bound = (1.0 / features as f32).sqrt();
        builder.within(name, |b| {
            Ok(Self {
                weight: b.undecayed("weight", (classes, features), Init::Uniform(bound))?,
                scale: Linear::new(b, "scale", [features, 1])?,
                norm: BatchNorm2d::new(b, "scale_norm", 1)?,
            })
        })
    }

    fn cosines(&self, features: &Tensor) -> Result<Tensor> {
        unit_rows(features)?.matmul(&unit_rows(&self.weight)?.t()?)
    }
}

impl LossHead for ScaledCosine {
    fn logits(&self, features: &Tensor, mode: Mode) -> Result<Tensor> {
        let scale = self.norm.forward(&self.scale.forward(features)?, mode, Activation::Identity)?.exp()?;
        self.cosines(features)?.broadcast_mul(&scale)
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, _: Option<&Tensor>) -> Result<Tensor> {
        cross_entropy(logits, targets)
    }

    fn head(&self) -> Result<Option<Head>> {
        Ok(None)
    }

    fn scores(&self, features: &Tensor) -> Result<Vec<(&'static str, Tensor)>> {
        Ok(vec![("cosine", self.cosines(features)?.max_keepdim(D::Minus1)?)])
    }
}
