//! What a loss is to a network and to its training.

use candle_core::{Result, Tensor};
use oodbench::rows::Head;

/// A head and the loss it is trained with.
pub trait LossHead: Send + Sync {
    /// Logits (n, C) of features (n, D), without the entropic scale: higher is more likely.
    ///
    /// # Errors
    ///
    /// The features have another length.
    fn logits(&self, features: &Tensor) -> Result<Tensor>;

    /// The mean training loss of logits (n, C) for classes `targets` (n), u32, and of the logits (m, C) of a batch of outliers where the loss
    /// [learns from them](super::LossEntry::outliers); a scalar.
    ///
    /// # Errors
    ///
    /// A target is no class, or the shapes do not fit.
    fn loss(&self, logits: &Tensor, targets: &Tensor, outliers: Option<&Tensor>) -> Result<Tensor>;

    /// Its parameters, in the library's terms.
    ///
    /// # Errors
    ///
    /// The device failed.
    fn head(&self) -> Result<Head>;
}
