//! The list of all losses; everything that enumerates losses reads this one.

use super::{LossEntry, isomax, isomax_plus, outlier_exposure, softmax};

/// All losses, those of the paper first.
pub static LOSSES: [&LossEntry; 4] = [&softmax::ENTRY, &isomax::ENTRY, &isomax_plus::ENTRY, &outlier_exposure::ENTRY];
