//! What can be wrong with a detector, and with rows that it is to decide.

use std::path::PathBuf;

use super::threshold::ThresholdError;
use crate::dump::DumpError;
use crate::error::FileError;
use crate::eval::{EvalError, InMemoryError, PlanError};
use crate::printable;
use crate::rows::RowsError;
use crate::score::{SettingError, StateError};

/// A detector that cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum DetectorError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what `oodbench calibrate` wrote.
    #[error("{}: found {found}, expected a whole file written by `oodbench calibrate`; calibrate again", file.display())]
    Damaged { file: PathBuf, found: String },
    /// It was written by a version that lays files out in another way.
    #[error(
        "{}: found format {found} (oodbench {version}), expected {expected}; calibrate again with this version, or decide with that one",
        file.display()
    )]
    Format {
        file: PathBuf,
        found: u32,
        /// The version that wrote it.
        version: String,
        /// The format of this version.
        expected: u32,
    },
    /// The parameters in it are not those of the score.
    #[error("{}: {error}; calibrate again with this version", file.display())]
    Setting { file: PathBuf, error: Box<SettingError> },
    /// The arrays in it are not those of the score.
    #[error("{}: score {score}: {error}; calibrate again with this version", file.display())]
    State { file: PathBuf, score: &'static str, error: Box<StateError> },
    /// The run does not allow the score.
    #[error(transparent)]
    Plan(Box<PlanError>),
    /// The score cannot be fitted, or its values overflow.
    #[error(transparent)]
    Eval(Box<EvalError>),
    /// Rows in memory are not what the score reads.
    #[error(transparent)]
    InMemory(Box<InMemoryError>),
    /// New rows cannot be read.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// New rows are not like those of the calibration.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The calibration rows do not allow the threshold.
    #[error("{place}: {error}; {remedy}")]
    Threshold { place: String, error: ThresholdError, remedy: &'static str },
    /// Shares of nothing or of all.
    #[error(
        "found a promise of 0 or 100 %, expected percentages between them; allow a little, or ask for a little less confidence"
    )]
    Guarantee,
    /// What was asked for needs something that the run lacks.
    #[error("{place}: found no {what}, expected by {by}; {remedy}")]
    Lacking { place: String, what: &'static str, by: &'static str, remedy: &'static str },
    /// A row whose score is NaN or infinite.
    #[error(
        "{}: found a row without a finite score, the first is row {row}, expected finite numbers; drop such rows, or have them flagged with --on-nan flag",
        path.display()
    )]
    Undecided { path: PathBuf, row: usize },
    /// Decisions could not be kept for a second pass.
    #[error("the temporary folder: {0}")]
    Spool(std::io::Error),
    /// Whoever takes the decisions failed.
    #[error(transparent)]
    Sink(#[from] crate::eval::SinkError),
}

impl From<PlanError> for DetectorError {
    fn from(error: PlanError) -> Self {
        Self::Plan(Box::new(error))
    }
}

impl From<EvalError> for DetectorError {
    fn from(error: EvalError) -> Self {
        Self::Eval(Box::new(error))
    }
}

impl From<InMemoryError> for DetectorError {
    fn from(error: InMemoryError) -> Self {
        Self::InMemory(Box::new(error))
    }
}

impl DetectorError {
    /// A file that is not what `oodbench calibrate` wrote; what was found may repeat text of the file.
    pub(super) fn damaged(file: &std::path::Path, found: &str) -> Self {
        Self::Damaged { file: file.to_owned(), found: printable::line(found).into_owned() }
    }
}

/// A row that cannot be decided.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum RowError {
    /// An array that the detector reads is not there.
    #[error("found no {array}, which the detector reads; give them to the row")]
    Missing { array: String },
    /// An array of another model.
    #[error(
        "found {found} {array}, expected {expected}, as the detector was calibrated on; take the row from the same model"
    )]
    Width { array: String, found: usize, expected: usize },
    /// Numbers that were rounded more coarsely than those of the calibration.
    #[error(
        "found {array} in single precision, expected {expected}, as the threshold was chosen with; keep their precision"
    )]
    Precision { array: String, expected: String },
    /// NaN or infinite numbers.
    #[error("found NaN or infinite {array}, expected finite numbers; flag the row, or find out where they come from")]
    NotFinite { array: String },
    /// A score that overflows.
    #[error("found a NaN or infinite score, the numbers are too large for it; flag the row")]
    Score,
}
