//! What extraction needs of a model, whatever it is made of.

use candle_core::Tensor;
use ndarray::Array2;
use oodbench::rows::Head;

use super::data::{Batch, Input};
use super::error::TrainError;
use super::input::tensors;
use super::model::{Network, Taps};
use super::nn::{Mode, rows};
use super::perturb::{Moved, Prepared};

/// A model that turns images into logits.
///
/// ```text
/// images (n, channels, h, w), normalised ──► logits (n, C), features (n, D), layers (n, channels of the layer)
/// ```
///
/// A row depends on its image alone: batches are cut as it suits the memory.
pub trait Classifier {
    /// What it takes.
    fn input(&self) -> Input {
        Input::Images
    }

    /// Channels of an image, values of a vector, or tokens of a vocabulary.
    fn channels(&self) -> usize;

    /// The inner layers that [`outputs`](Self::outputs) can record, from the image on.
    fn layers(&self) -> Vec<String>;

    /// The inner layers whose Gram matrices [`outputs`](Self::outputs) can record, from the image on; none where a model has no such layers.
    fn maps(&self) -> Vec<String> {
        Vec::new()
    }

    /// What turns features into logits, where it is known; higher logits are more likely classes, without any entropic scale.
    ///
    /// # Errors
    /// The parameters cannot be fetched.
    fn head(&self) -> Result<Option<Head>, TrainError>;

    /// What the model makes of a batch.
    ///
    /// # Errors
    /// The images do not fit the model, or its device failed.
    fn outputs(&self, images: Batch, wanted: &Wanted<'_>) -> Result<Outputs, TrainError>;
}

/// What is asked of a model beside logits and features.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Inner layers: the mean over pixels of each.
    pub layers: &'a [String],
    /// Inner layers whose Gram matrices are recorded.
    pub grams: &'a [String],
    /// Passes with dropout; 0 for none.
    pub samples: usize,
    /// How images are moved before another look at them.
    pub moved: Option<&'a Prepared>,
    /// The seed of the random numbers of these images.
    pub seed: u64,
}

/// Logits under a name.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The name: `members` of an ensemble.
    pub name: String,
    /// Members side by side.
    pub members: usize,
    /// (n, members · C).
    pub logits: Array2<f32>,
}

/// Rows of a batch, one per image and in its order.
pub struct Outputs {
    /// Logits (n, C).
    pub logits: Array2<f32>,
    /// Features before the head (n, D), where the model has them.
    pub features: Option<Array2<f32>>,
    /// Layers that were asked for, by name.
    pub layers: Vec<(String, Array2<f32>)>,
    /// Of Gram matrices of layers that were asked for, what [`gram`](super::model::gram) keeps, by name.
    pub grams: Vec<(String, Array2<f32>)>,
    /// Scores of the model itself (n, 1), by name, higher = more in-distribution.
    pub scores: Vec<(String, Array2<f32>)>,
    /// Logits of members or of changed images, where they were asked for.
    pub variants: Vec<Variant>,
}

/// A network of this trainer, in evaluation mode.
impl Classifier for Network {
    fn input(&self) -> Input {
        self.design().architecture.input()
    }

    fn channels(&self) -> usize {
        self.design().channels
    }

    fn layers(&self) -> Vec<String> {
        self.backbone().layers()
    }

    fn maps(&self) -> Vec<String> {
        self.backbone().maps()
    }

    fn head(&self) -> Result<Option<Head>, TrainError> {
        Ok(Network::head(self).head()?)
    }

    fn outputs(&self, images: Batch, wanted: &Wanted<'_>) -> Result<Outputs, TrainError> {
        let (images, _) = tensors(images, self.device().candle())?;
        let mut taps = Taps::of(wanted.layers).with_grams(wanted.grams);
        let features = self.backbone().forward(&images, Mode::Eval, &mut taps)?.detach();
        let Moved { logits: moved_logits, scores: moved_scores } = match wanted.moved {
            Some(prepared) => prepared.outputs(self, &images)?,
            None => Moved::default(),
        };
        let grams = taps.take_grams();
        let layers = taps.into_recorded().into_iter().map(|(name, tensor)| Ok((name, rows(&tensor)?)));
        let head = Network::head(self);
        let scores = head.scores(&features)?.into_iter().map(|(name, tensor)| Ok((name.to_owned(), rows(&tensor)?)));
        Ok(Outputs {
            logits: rows(&head.logits(&features, Mode::Eval)?)?,
            layers: layers.collect::<candle_core::Result<_>>()?,
            grams,
            scores: scores.collect::<candle_core::Result<Vec<_>>>()?.into_iter().chain(moved_scores).collect(),
            features: Some(rows(&features)?),
            variants: {
                let moved = moved_logits.into_iter().map(|(name, logits)| Variant { name, members: 1, logits });
                mc_dropout(self, &images, wanted)?.into_iter().chain(moved).collect()
            },
        })
    }
}

/// Logits of passes with dropout: as many members, side by side. A pass has masks of its own, drawn from the seed of these images.
fn mc_dropout(network: &Network, images: &Tensor, wanted: &Wanted<'_>) -> Result<Option<Variant>, TrainError> {
    let members = wanted.samples;
    if members == 0 {
        return Ok(None);
    }
    let pass = |sample: usize| {
        network.dropout().start(wanted.seed, sample as u64);
        Ok(network.logits(images, Mode::Sample)?.detach())
    };
    let passes = (0..members).map(pass).collect::<candle_core::Result<Vec<Tensor>>>()?;
    Ok(Some(Variant { name: "members".to_owned(), members, logits: rows(&Tensor::cat(&passes, 1)?)? }))
}
