//! The list of all losses; everything that enumerates losses reads this one.

use super::{
    LossEntry, acet, dismax, energy_bounded, generalized_odin, isomax, isomax_plus, logit_norm, outlier_exposure,
    scaled_cosine, softmax,
};

/// All losses, those of the paper first.
pub static LOSSES: [&LossEntry; 10] = [
    &softmax::ENTRY,
    &isomax::ENTRY,
    &isomax_plus::ENTRY,
    &dismax::ENTRY,
    &outlier_exposure::ENTRY,
    &acet::ENTRY,
    &energy_bounded::ENTRY,
    &scaled_cosine::ENTRY,
    &generalized_odin::ENTRY,
    &logit_norm::ENTRY,
];
