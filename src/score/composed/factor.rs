//! What a score is multiplied by.

use super::super::{Fitted, Need, Score, SettingError, State, StateError};
use super::parsed::{FactorUse, array};
use crate::fit::{FitError, Training};
use crate::numeric::recycled::Recycled;
use crate::rows::{ArrayKind, RowBlock};

/// The statistic that is divided by.
const ENTROPY: &str = "entropy";

/// A factor with its parameters.
pub(super) enum Factor {
    Gamma(Gamma),
    /// `1 − e`, e the negative of the score.
    OneLess(Box<dyn Score>),
}

/// The mean of an array of features, clipped from below at 0 and from above.
#[derive(Clone)]
pub(super) struct Gamma {
    array: ArrayKind,
    clip: f64,
    /// Whether the factor is 1/γ.
    inverse: bool,
}

impl Factor {
    pub(super) fn new(parsed: &FactorUse) -> Result<Self, SettingError> {
        Ok(match parsed {
            FactorUse::Gamma { statistic, clip } => Self::Gamma(Gamma {
                array: array(statistic),
                clip: clip.as_ref().and_then(|clip| clip.parse().ok()).unwrap_or(f64::MAX),
                inverse: statistic == ENTROPY,
            }),
            FactorUse::OneLess(score) => Self::OneLess((score.entry.build)(&score.settings)?),
        })
    }

    pub(super) fn needs(&self) -> Vec<Need> {
        match self {
            Self::Gamma(Gamma { array: ArrayKind::Layer(name), .. }) => vec![Need::Layer(name.clone())],
            Self::Gamma(_) => vec![Need::Features],
            Self::OneLess(score) => score.needs().to_vec(),
        }
    }

    pub(super) fn fit(&self, training: &Training<'_>, notes: &mut Vec<String>) -> Result<FittedFactor, FitError> {
        Ok(match self {
            Self::Gamma(gamma) => FittedFactor::Gamma(gamma.clone()),
            Self::OneLess(score) => {
                let fit = score.fit(training)?;
                notes.extend(fit.notes);
                FittedFactor::OneLess(fit.scorer)
            }
        })
    }

    pub(super) fn restore(&self, state: &mut State<'_>) -> Result<FittedFactor, StateError> {
        Ok(match self {
            Self::Gamma(gamma) => FittedFactor::Gamma(gamma.clone()),
            Self::OneLess(score) => FittedFactor::OneLess(score.restore(state)?),
        })
    }
}

/// A fitted factor.
pub(super) enum FittedFactor {
    Gamma(Gamma),
    OneLess(Box<dyn Fitted>),
}

impl FittedFactor {
    /// Multiplies the score of every row.
    pub(super) fn multiply(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        match self {
            Self::Gamma(gamma) => {
                for (out, row) in out.iter_mut().zip(block.features_of(&gamma.array).rows()) {
                    let sum: f64 = row.iter().map(|value| value.clamp(0.0, gamma.clip)).sum();
                    let mean = sum / row.len() as f64;
                    *out *= if gamma.inverse { 1.0 / mean.max(f64::MIN_POSITIVE) } else { mean };
                }
            }
            Self::OneLess(scorer) => {
                let mut scores = Recycled::filled(0.0, out.len());
                scorer.score_block(block, &mut scores);
                out.iter_mut().zip(scores.iter()).for_each(|(out, score)| *out *= 1.0 + score);
            }
        }
    }

    /// What it reads of rows, where the fit has chosen.
    pub(super) fn needs(&self) -> Option<Vec<Need>> {
        match self {
            Self::Gamma(_) => None,
            Self::OneLess(scorer) => scorer.needs(),
        }
    }

    pub(super) fn save(&self) -> State<'_> {
        match self {
            Self::Gamma(_) => State::new(),
            Self::OneLess(scorer) => scorer.save(),
        }
    }
}
