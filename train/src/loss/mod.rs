//! The losses, one file each: a head, which turns features into logits, and a training loss of those logits.
//!
//! | loss | logits | training loss |
//! |---|---|---|
//! | [`softmax`] | W·f + b | cross-entropy |
//! | [`isomax`] | −‖f − p_j‖ | −log(softmax(10 · logits)), probability and logarithm separately |
//! | [`isomax_plus`] | −\|d_s\| ‖f̂ − p̂_j‖ | the same |
//! | [`outlier_exposure`] | W·f + b | cross-entropy, and to the uniform distribution on outliers |
//!
//! The entropic scale 10 belongs to the loss and not to the logits: what a network gives out in
//! evaluation is without it, which is the paper's entropy maximisation trick.
//!
//! Every parameter of a head is trainable and decayed like the rest of the network.

pub mod distance;
pub mod entry;
pub mod isomax;
pub mod isomax_plus;
pub mod likelihood;
pub mod outlier_exposure;
pub mod softmax;

pub use entry::{LossChoice, LossEntry, LossError, MakeHead};

use candle_core::{Result, Tensor};
use oodbench::rows::Head;

/// All losses, those of the paper first; everything that enumerates losses reads this list.
pub static LOSSES: [&LossEntry; 4] = [&softmax::ENTRY, &isomax::ENTRY, &isomax_plus::ENTRY, &outlier_exposure::ENTRY];

/// A head and the loss it is trained with.
pub trait LossHead: Send + Sync {
    /// Logits (n, C) of features (n, D), without the entropic scale: higher is more likely.
    ///
    /// # Errors
    ///
    /// The features have another length.
    fn logits(&self, features: &Tensor) -> Result<Tensor>;

    /// The mean training loss of logits (n, C) for classes `targets` (n), u32, and of the logits (m, C) of a batch of outliers where the loss
    /// [learns from them](LossEntry::outliers); a scalar.
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
