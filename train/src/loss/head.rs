//! What a loss is to a network and to its training.

use candle_core::{Result, Tensor};
use oodbench::rows::Head;

use super::likelihood::divergence;
use crate::nn::Mode;

/// How images of no class are moved to where a network is most sure of them: [`crate::perturb::ascent`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ascent {
    /// ε: the most that a pixel moves on the scale 0 to 1.
    pub epsilon: f64,
    /// K: steps of ε/K each.
    pub steps: usize,
}

/// A head and the loss it is trained with.
pub trait LossHead: Send + Sync {
    /// Logits (n, C) of features (n, D), without the entropic scale: higher is more likely.
    ///
    /// # Errors
    ///
    /// The features have another length.
    fn logits(&self, features: &Tensor, mode: Mode) -> Result<Tensor>;

    /// The mean training loss of logits (n, C) for classes `targets` (n), u32, and of the logits (m, C) of a batch of outliers where the loss
    /// [learns from them](super::LossEntry::outliers); a scalar.
    ///
    /// # Errors
    ///
    /// A target is no class, or the shapes do not fit.
    fn loss(&self, logits: &Tensor, targets: &Tensor, outliers: Option<&Tensor>) -> Result<Tensor>;

    /// How outliers are moved before they are learnt from, where the loss looks for the worst near them.
    fn ascent(&self) -> Option<Ascent> {
        None
    }

    /// Whether the second half of each training batch is made into [mosaics](super::mosaic), for [`mosaic_loss`](Self::mosaic_loss). The loss of a batch is
    /// the mean of both then.
    fn mosaics(&self) -> bool {
        false
    }

    /// The mean training loss of logits (m, C) of mosaics whose classes have these probabilities (m, C); a scalar.
    ///
    /// # Errors
    ///
    /// The shapes do not fit.
    fn mosaic_loss(&self, logits: &Tensor, shares: &Tensor) -> Result<Tensor> {
        divergence(logits, shares)
    }

    /// Its parameters, in the library's terms; `None` for a head that the library does not know.
    ///
    /// # Errors
    ///
    /// The device failed.
    fn head(&self) -> Result<Option<Head>>;

    /// What the method's authors tell OOD images by, where it is no score of logits: by name, one number (n, 1) per row of features (n, D), higher =
    /// more in-distribution. In evaluation mode.
    ///
    /// # Errors
    ///
    /// The features have another length.
    fn scores(&self, _features: &Tensor) -> Result<Vec<(&'static str, Tensor)>> {
        Ok(Vec::new())
    }
}
