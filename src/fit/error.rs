//! Why a score cannot be fitted.

use std::path::PathBuf;

use crate::numeric::linalg::LinalgError;

/// A score that cannot be fitted.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum FitError {
    /// Something a fit reads is missing.
    #[error("{}: no {what} to fit on, expected {expected}; {remedy}", place.display())]
    Missing {
        place: PathBuf,
        what: &'static str,
        /// The file, or the array in memory.
        expected: String,
        remedy: &'static str,
    },
    /// A factorisation failed.
    #[error("{}: {error}", place.display())]
    Linalg { place: PathBuf, error: LinalgError },
    /// The rows are there but do not determine the score.
    #[error("{}: score {score} is not applicable: {reason}", place.display())]
    NotApplicable {
        /// The split it is fitted on.
        place: PathBuf,
        score: &'static str,
        /// Why not, and what would help.
        reason: String,
    },
    /// The squares of the features are beyond the largest number.
    #[error("{}: found features whose squares are beyond 1.8e308, expected squares that can be summed; divide all features by the same number", place.display())]
    TooLarge {
        /// The features, or the training split.
        place: PathBuf,
    },
    /// The training features do not vary.
    #[error("{}: found features that do not vary within any class, expected some variance; dump features of trained layers", place.display())]
    NoVariance {
        /// The features, or the training split.
        place: PathBuf,
    },
}

impl FitError {
    /// Why a score is left out where others go on; without the place, which is the run's.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Missing { expected, .. } => format!("it needs {expected}"),
            Self::NotApplicable { reason, .. } => reason.clone(),
            Self::Linalg { error, .. } => error.to_string(),
            Self::TooLarge { .. } => {
                "the squares of the training features are beyond 1.8e308; divide all features by the same number"
                    .to_owned()
            }
            Self::NoVariance { .. } => {
                "the training features do not vary within any class; two rows per class that differ are the least"
                    .to_owned()
            }
        }
    }
}
