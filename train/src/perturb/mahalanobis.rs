//! Lee et al. 2018: towards a smaller Mahalanobis distance to the nearest class, for every layer on its own.
//!
//! ```text
//! M_l(x) = −min_c (f_l − μ_lc)ᵀ Σ_l⁺ (f_l − μ_lc)        f_l: mean over pixels of layer l; the features are the last layer
//! ```
//!
//! μ and Σ are those of the training images, unmoved, as the score `mahalanobis` fits them.

use candle_core::{D, Device, Result, Tensor};
use oodbench::fit::NearestMean;

use super::{image_gradient, moved};
use crate::model::{Network, Taps};
use crate::nn::Mode;

/// What a layer without a name, the features before the head, is called.
pub const FEATURES: &str = "features";

/// Class means and whitening of a layer, on the device of the network.
pub struct FittedLayer {
    name: String,
    /// The mean of the class means (1, c).
    centre: Tensor,
    /// (c, rank).
    whitening: Tensor,
    /// Whitened class means (C, rank).
    means: Tensor,
}

impl FittedLayer {
    /// What was fitted for a layer of that name.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(name: &str, nearest: &NearestMean, device: &Device) -> Result<Self> {
        let single = |matrix: &ndarray::Array2<f64>| {
            let values: Vec<f32> = matrix.iter().map(|value| *value as f32).collect();
            Tensor::from_vec(values, matrix.dim(), device)
        };
        Ok(Self {
            name: name.to_owned(),
            centre: single(&nearest.centre().clone().insert_axis(ndarray::Axis(0)))?,
            whitening: single(nearest.whitening())?,
            means: single(nearest.means())?,
        })
    }

    /// The layer.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// M_l (n, 1) of images.
    ///
    /// # Errors
    ///
    /// The images do not fit the network.
    pub fn score(&self, network: &Network, images: &Tensor) -> Result<Tensor> {
        let mut taps = Taps::of(std::slice::from_ref(&self.name)).with_graph();
        let features = network.backbone().forward(images, Mode::Eval, &mut taps)?;
        let layer = taps.into_recorded().into_iter().next().map_or(features, |(_, layer)| layer);
        let white = layer.broadcast_sub(&self.centre)?.matmul(&self.whitening)?;
        let differences = white.unsqueeze(1)?.broadcast_sub(&self.means.unsqueeze(0)?)?;
        differences.sqr()?.sum(D::Minus1)?.min_keepdim(1)?.neg()
    }

    /// M_l (n, 1) of the images moved by each ε.
    ///
    /// # Errors
    ///
    /// The images do not fit the network.
    pub fn scores(
        &self,
        network: &Network,
        images: &Tensor,
        unit_step: &Tensor,
        epsilons: &[f64],
    ) -> Result<Vec<Tensor>> {
        let gradient = image_gradient(images, |images| self.score(network, images)?.sum_all())?;
        let of = |epsilon: &f64| Ok(self.score(network, &moved(images, &gradient, unit_step, *epsilon)?)?.detach());
        epsilons.iter().map(of).collect()
    }
}
