//! The losses, one file each: a head, which turns features into logits, and a training loss of those logits.
//!
//! | loss | logits | training loss |
//! |---|---|---|
//! | [`softmax`] | W·f + b | cross-entropy |
//! | [`isomax`] | −‖f − p_j‖ | −log(softmax(10 · logits)), probability and logarithm separately |
//! | [`isomax_plus`] | −\|d_s\| ‖f̂ − p̂_j‖ | the same |
//! | [`dismax`] | −(D_j + mean of D), D = \|d_s\| ‖f̂ − p̂_j‖/√2 | the same, and a divergence of [`mosaic`]s |
//! | [`outlier_exposure`] | W·f + b | cross-entropy, and to the uniform distribution on outliers |
//! | [`acet`] | W·f + b | cross-entropy, and low confidence around outliers |
//! | [`energy_bounded`] | W·f + b | cross-entropy, and energies bounded on both sides |
//! | [`scaled_cosine`] | s(f)·⟨f̂, ŵ_j⟩ | cross-entropy |
//! | [`generalized_odin`] | h_j(f)/g(f) | cross-entropy |
//! | [`logit_norm`] | W·f + b | cross-entropy of ẑ/τ |
//!
//! The entropic scale 10 belongs to the loss and not to the logits: what a network gives out in
//! evaluation is without it, which is the paper's entropy maximisation trick.
//!
//! Every parameter of a head is trainable and decayed like the rest of the network, but for the weights of [`scaled_cosine`] and the numerator of
//! [`generalized_odin`], as their authors have it.

pub mod acet;
pub mod choice;
pub mod dismax;
pub mod distance;
pub mod energy_bounded;
pub mod entropic_scale;
pub mod entry;
pub mod generalized_odin;
pub mod head;
pub mod isomax;
pub mod isomax_plus;
pub mod likelihood;
pub mod logit_norm;
pub mod mosaic;
pub mod outlier_exposure;
pub mod registry;
pub mod scaled_cosine;
pub mod softmax;

pub use choice::{LossChoice, LossError};
pub use entry::{LossEntry, MakeHead};
pub use head::{Ascent, LossHead};
pub use registry::LOSSES;
