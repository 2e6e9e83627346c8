//! What extraction needs of a model, whatever it is made of.

use ndarray::Array2;
use oodbench::rows::Head;

use super::data::Batch;
use super::error::TrainError;
use super::input::tensors;
use super::model::{Network, Taps};
use super::nn::{Mode, rows};

/// A model that turns images into logits.
///
/// ```text
/// images (n, channels, h, w), normalised ──► logits (n, C), features (n, D), layers (n, channels of the layer)
/// ```
///
/// A row depends on its image alone: batches are cut as it suits the memory.
pub trait Classifier {
    /// Channels of an image.
    fn channels(&self) -> usize;

    /// The inner layers that [`outputs`](Self::outputs) can record, from the image on.
    fn layers(&self) -> Vec<String>;

    /// What turns features into logits, where it is known; higher logits are more likely classes, without any entropic scale.
    ///
    /// # Errors
    /// The parameters cannot be fetched.
    fn head(&self) -> Result<Option<Head>, TrainError>;

    /// What the model makes of a batch, with the mean over pixels of each of these layers.
    ///
    /// # Errors
    /// The images do not fit the model, or its device failed.
    fn outputs(&self, images: Batch, layers: &[String]) -> Result<Outputs, TrainError>;
}

/// Rows of a batch, one per image and in its order.
pub struct Outputs {
    /// Logits (n, C).
    pub logits: Array2<f32>,
    /// Features before the head (n, D), where the model has them.
    pub features: Option<Array2<f32>>,
    /// Layers that were asked for, by name.
    pub layers: Vec<(String, Array2<f32>)>,
    /// Scores of the model itself (n, 1), by name, higher = more in-distribution.
    pub scores: Vec<(String, Array2<f32>)>,
}

/// A network of this trainer, in evaluation mode.
impl Classifier for Network {
    fn channels(&self) -> usize {
        self.design().channels
    }

    fn layers(&self) -> Vec<String> {
        self.backbone().layers()
    }

    fn head(&self) -> Result<Option<Head>, TrainError> {
        Ok(Network::head(self).head()?)
    }

    fn outputs(&self, images: Batch, layers: &[String]) -> Result<Outputs, TrainError> {
        let (images, _) = tensors(images, self.device().candle())?;
        let mut taps = Taps::of(layers);
        let features = self.backbone().forward(&images, Mode::Eval, &mut taps)?.detach();
        let layers = taps.into_recorded().into_iter().map(|(name, tensor)| Ok((name, rows(&tensor)?)));
        let head = Network::head(self);
        let scores = head.scores(&features)?.into_iter().map(|(name, tensor)| Ok((name.to_owned(), rows(&tensor)?)));
        Ok(Outputs {
            logits: rows(&head.logits(&features, Mode::Eval)?)?,
            layers: layers.collect::<candle_core::Result<_>>()?,
            scores: scores.collect::<candle_core::Result<_>>()?,
            features: Some(rows(&features)?),
        })
    }
}
