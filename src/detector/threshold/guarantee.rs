//! What a threshold promises.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a threshold with its numbers, all of them shares between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Guarantee {
    /// At most a share α of the calibration rows themselves is flagged.
    Empirical {
        /// α
        alpha: f64,
    },
    /// At least this share of the calibration rows is kept.
    Tpr {
        /// The true positive rate, positive class ID.
        tpr: f64,
    },
    /// P(a new ID row is flagged) ≤ α.
    Marginal {
        /// α
        alpha: f64,
    },
    /// With probability 1 − δ over the calibration rows the false alarm rate is ≤ α.
    TrainingConditional {
        /// α
        alpha: f64,
        /// δ
        delta: f64,
    },
    /// With probability 1 − δ at most a share α of the accepted ID rows is classified wrongly.
    SelectiveRisk {
        /// α
        alpha: f64,
        /// δ
        delta: f64,
    },
}

impl Guarantee {
    /// Whether all its numbers are shares between 0 and 1, ends excluded.
    #[must_use]
    pub fn is_valid(self) -> bool {
        let share = |share: f64| share > 0.0 && share < 1.0;
        match self {
            Self::Empirical { alpha } | Self::Marginal { alpha } => share(alpha),
            Self::Tpr { tpr } => share(tpr),
            Self::TrainingConditional { alpha, delta } | Self::SelectiveRisk { alpha, delta } => {
                share(alpha) && share(delta)
            }
        }
    }

    /// Its name in files.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Empirical { .. } => "empirical",
            Self::Tpr { .. } => "tpr",
            Self::Marginal { .. } => "marginal",
            Self::TrainingConditional { .. } => "training-conditional",
            Self::SelectiveRisk { .. } => "selective-risk",
        }
    }
}

/// A share in percent, without the digits that only binary fractions have.
#[must_use]
pub fn percent(share: f64) -> f64 {
    (share * 1e10).round() / 1e8
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empirical { alpha } => {
                write!(f, "none: at most {} % of the calibration rows are below the threshold", percent(alpha))
            }
            Self::Tpr { tpr } => {
                write!(f, "none: at least {} % of the calibration rows are kept, as at {0} % TPR", percent(tpr))
            }
            Self::Marginal { alpha } => {
                write!(
                    f,
                    "a new ID row is flagged with probability {} % at most, on average over calibrations",
                    percent(alpha)
                )
            }
            Self::TrainingConditional { alpha, delta } => write!(
                f,
                "with {} % confidence this threshold flags at most {} % of ID rows",
                percent(1.0 - delta),
                percent(alpha)
            ),
            Self::SelectiveRisk { alpha, delta } => write!(
                f,
                "with {} % confidence at most {} % of the ID rows that are not flagged are classified wrongly",
                percent(1.0 - delta),
                percent(alpha)
            ),
        }
    }
}
