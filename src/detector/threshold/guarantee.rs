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

/// What somebody asks of a threshold, in shares; at most one of the first three.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Asked {
    /// The share of ID rows that may be flagged.
    pub false_alarms: Option<f64>,
    /// The share of the calibration rows that is kept.
    pub tpr: Option<f64>,
    /// The share of the rows kept that may be classified wrongly.
    pub wrong_answers: Option<f64>,
    /// The share of calibrations in which the promise is kept, with false alarms or wrong answers; 0.9 with wrong answers unless given.
    pub confidence: Option<f64>,
    /// Whether false alarms are those of the calibration rows alone.
    pub empirical: bool,
}

impl Guarantee {
    /// The promise that is asked for; `None` if what is asked for does not go together.
    ///
    /// ```
    /// use oodbench::detector::threshold::guarantee::{Asked, Guarantee};
    /// let asked = Asked { false_alarms: Some(0.05), ..Asked::default() };
    /// assert_eq!(Guarantee::of(asked), Some(Guarantee::Marginal { alpha: 0.05 }));
    /// // 1 − 0.9 is 0.09999999999999998: digits that only binary fractions have are left out.
    /// let sure = Asked { confidence: Some(0.9), ..asked };
    /// assert_eq!(Guarantee::of(sure), Some(Guarantee::TrainingConditional { alpha: 0.05, delta: 0.1 }));
    /// assert_eq!(Guarantee::of(Asked { tpr: Some(0.95), ..asked }), None);
    /// ```
    #[must_use]
    pub fn of(asked: Asked) -> Option<Self> {
        let delta = |share: f64| ((1.0 - share) * 1e12).round() / 1e12;
        let Asked { false_alarms, tpr, wrong_answers, confidence, empirical } = asked;
        Some(match (false_alarms, tpr, wrong_answers, confidence, empirical) {
            (None, Some(tpr), None, None, false) => Self::Tpr { tpr },
            (None, None, Some(alpha), share, false) => Self::SelectiveRisk { alpha, delta: share.map_or(0.1, delta) },
            (Some(alpha), None, None, Some(share), false) => Self::TrainingConditional { alpha, delta: delta(share) },
            (Some(alpha), None, None, None, true) => Self::Empirical { alpha },
            (Some(alpha), None, None, None, false) => Self::Marginal { alpha },
            _ => return None,
        })
    }

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
