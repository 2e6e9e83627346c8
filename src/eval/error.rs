//! What can be wrong with what was asked for, and with what came of it.

use std::path::PathBuf;

use super::assignment::AssignmentError;
use super::fits::FitsError;
use super::sink::SinkError;
use crate::dump::DumpError;
use crate::fit::FitError;
use crate::metric::SampleError;
use crate::rows::RowsError;
use crate::score::registry::UnknownScore;

/// A request that cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum PlanError {
    /// The dump is not as it should be.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The score is unknown.
    #[error(transparent)]
    Unknown(#[from] UnknownScore),
    /// A parameter does not fit.
    #[error(transparent)]
    Assignment(#[from] AssignmentError),
    /// Fits do not belong to the run, or cannot be used.
    #[error(transparent)]
    Fits(#[from] FitsError),
    /// A score asked for by name lacks something.
    #[error("{}: missing, expected by score {score}; {remedy}", path.display())]
    Lacking { path: PathBuf, score: &'static str, remedy: String },
    /// No score at all fits.
    #[error("{}: found nothing that any score can read, expected logits.npy or features.npy in every split", path.display())]
    Nothing { path: PathBuf },
    /// Two runs of one name.
    #[error("{}: found run {name:?} a second time, expected distinct names; change `name` in run.toml", path.display())]
    DuplicateRun { name: String, path: PathBuf },
    /// A run without OOD sets.
    #[error("{}: found no OOD set, expected ood/<name>/logits.npy; dump at least one", path.display())]
    NoOod { path: PathBuf },
}

/// An evaluation that could not be finished.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum EvalError {
    /// A score could not be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A fit could not be restored.
    #[error(transparent)]
    Fits(#[from] FitsError),
    /// Scores that no metric is defined for.
    #[error("{place}: score {score}: {error}; the numbers are too large for this score")]
    Sample { place: String, score: &'static str, error: SampleError },
    /// Rows that are scored for the sink alone are not as they should be.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// Whoever takes the scores failed.
    #[error(transparent)]
    Sink(#[from] SinkError),
}
