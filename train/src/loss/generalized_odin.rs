//! Generalized ODIN (Hsu et al. 2020): logits are a quotient of how near a class the features are and how near the training images.
//!
//! ```text
//! z_j = h_j(f) / g(f),   g(f) = σ(BN(v·f + c))
//! h_j = ⟨f̂, ŵ_j⟩  (cosine)      w_j·f + b_j  (inner)      −‖f − w_j‖²/D  (euclidean)
//! L   = mean_i −log softmax(z_i)_{t_i}                     W ~ N(0, 2/D), b = c = 0, v ~ U(−√(1/D), √(1/D)) at the start
//! ```
//!
//! What tells OOD images apart is max_j h_j, or g: the dump has them as `scores@h.npy` and `scores@g.npy`. The parameters of h are not decayed, as in
//! the authors' paper, whose code was not published. That the euclidean h is divided by D follows the reproduction that most use
//! (<https://github.com/guyera/Generalized-ODIN-Implementation>): the paper has −‖f − w_j‖². It also adds 10⁻⁴ to both norms of the cosine; here a row of
//! zeros has no direction and no gradient.

use super::distance::{distances, unit_rows};
use super::likelihood::cross_entropy;
use super::{LossEntry, LossHead, MakeHead};
use crate::nn::{Activation, BatchNorm2d, Builder, Init, Linear, Mode};
use candle_core::{D, Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{Parameter, SettingError, Settings};

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "generalized-odin",
    summary: "logits h_j(f)/g(f), cross-entropy; scores@h and scores@g in the dump",
    reference: "Hsu et al. 2020",
    parameters: &[H],
    outliers: false,
    normalises: true,
    build,
};

/// Which h.
const H: Parameter = Parameter {
    name: "h",
    default: "cosine",
    help: "the numerator: cosine, inner or euclidean",
    grid: &[],
    counts: None,
};

/// The numerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearness {
    /// The cosine of features and weights.
    Cosine,
    /// An affine map.
    Inner,
    /// The negative mean square of differences.
    Euclidean,
}

fn build(settings: &Settings) -> std::result::Result<MakeHead, SettingError> {
    let nearness = settings.choice(
        H.name,
        &[("cosine", Nearness::Cosine), ("inner", Nearness::Inner), ("euclidean", Nearness::Euclidean)],
    )?;
    Ok(Box::new(move |builder, name, sizes| Ok(Box::new(GeneralizedOdin::new(builder, name, sizes, nearness)?))))
}

/// A head that divides.
pub struct GeneralizedOdin {
    nearness: Nearness,
    weight: Tensor,
    /// Of the inner product alone.
    bias: Option<Tensor>,
    divisor: Linear,
    norm: BatchNorm2d,
}

impl GeneralizedOdin {
    /// Makes `NAME.h.weight` (C, D), `NAME.h.bias` (C) of the inner product, `NAME.g` (1, D) and its batch normalisation.
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn new(builder: &mut Builder, name: &str, [features, classes]: [usize; 2], nearness: Nearness) -> Result<Self> {
        builder.within(name, |b| {
            let (weight, bias) = b.within("h", |b| {
                let deviation = (2.0 / features as f32).sqrt();
                let weight = b.undecayed("weight", (classes, features), Init::Normal(deviation))?;
                let bias = match nearness {
                    Nearness::Inner => Some(b.undecayed("bias", classes, Init::Constant(0.0))?),
                    Nearness::Cosine | Nearness::Euclidean => None,
                };
                Ok((weight, bias))
            })?;
            let divisor = Linear::new(b, "g", [features, 1])?;
            Ok(Self { nearness, weight, bias, divisor, norm: BatchNorm2d::new(b, "g_norm", 1)? })
        })
    }

    /// h (n, C).
    fn h(&self, features: &Tensor) -> Result<Tensor> {
        match self.nearness {
            Nearness::Cosine => unit_rows(features)?.matmul(&unit_rows(&self.weight)?.t()?),
            Nearness::Inner => {
                let products = features.matmul(&self.weight.t()?)?;
                self.bias.as_ref().map_or(Ok(products.clone()), |bias| products.broadcast_add(bias))
            }
            Nearness::Euclidean => {
                let columns = features.dim(1)? as f64;
                distances(features, &self.weight)?.sqr()?.affine(-1.0 / columns, 0.0)
            }
        }
    }

    /// g (n, 1), from 0 to 1.
    fn g(&self, features: &Tensor, mode: Mode) -> Result<Tensor> {
        let argument = self.norm.forward(&self.divisor.forward(features)?, mode, Activation::Identity)?;
        (argument.neg()?.exp()? + 1.0)?.recip()
    }
}

impl LossHead for GeneralizedOdin {
    fn logits(&self, features: &Tensor, mode: Mode) -> Result<Tensor> {
        self.h(features)?.broadcast_div(&self.g(features, mode)?)
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, _: Option<&Tensor>) -> Result<Tensor> {
        cross_entropy(logits, targets)
    }

    fn head(&self) -> Result<Option<Head>> {
        Ok(None)
    }

    fn scores(&self, features: &Tensor) -> Result<Vec<(&'static str, Tensor)>> {
        Ok(vec![("h", self.h(features)?.max_keepdim(D::Minus1)?), ("g", self.g(features, Mode::Eval)?)])
    }
}
