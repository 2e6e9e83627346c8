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

pub mod choice;
pub mod distance;
pub mod entropic_scale;
pub mod entry;
pub mod head;
pub mod isomax;
pub mod isomax_plus;
pub mod likelihood;
pub mod outlier_exposure;
pub mod registry;
pub mod softmax;

pub use choice::{LossChoice, LossError};
pub use entry::{LossEntry, MakeHead};
pub use head::LossHead;
pub use registry::LOSSES;
