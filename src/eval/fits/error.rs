//! What can be wrong with a file of fits, or with its use on a run.

use std::path::{Path, PathBuf};

use crate::error::FileError;
use crate::numeric::checksum::Checksum;
use crate::printable;
use crate::score::{SettingError, StateError};

/// Fits that cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum FitsError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what `oodbench fit` wrote.
    #[error("{}: found {found}, expected a whole file written by `oodbench fit`; fit again", file.display())]
    Damaged { file: PathBuf, found: String },
    /// It was written by a version that lays files out in another way.
    #[error("{}: found format {found} (oodbench {version}), expected {expected}; fit again with this version", file.display())]
    Format {
        file: PathBuf,
        found: u32,
        /// The version that wrote it.
        version: String,
        /// The format of this version.
        expected: u32,
    },
    /// It does not hold a score that was asked for.
    #[error("{}: found fits of {known}, expected one of {score}; fit it too", file.display())]
    NoScore { file: PathBuf, score: &'static str, known: String },
    /// The parameters in it are not those of the score.
    #[error("{}: {error}; fit again with this version", file.display())]
    Setting { file: PathBuf, error: SettingError },
    /// The arrays in it are not those of the score.
    #[error("{}: score {score}: {error}; fit again with this version", file.display())]
    State { file: PathBuf, score: &'static str, error: StateError },
    /// The rows to be scored lack what the fit has chosen to read.
    #[error("{}: missing, expected by score {score} as {} was fitted; dump it, or fit again on arrays that are there", array.display(), file.display())]
    Lacking { array: PathBuf, score: &'static str, file: PathBuf },
    /// The run's rows are not those that the fits were made from.
    #[error(
        "{}: found {found} rows with checksum {checksum}, expected {expected} with {expected_checksum}, those that {} was fitted on; \
         fit this run, or score the one that was fitted", array.display(), file.display()
    )]
    OtherRows {
        array: PathBuf,
        found: usize,
        checksum: Checksum,
        expected: usize,
        expected_checksum: Checksum,
        file: PathBuf,
    },
    /// The run has another head, or other embeddings of texts.
    #[error("{}: found {what} with checksum {found}, expected {expected}, that of the model that {} was fitted on; fit this model", head.display(), file.display())]
    OtherHead {
        /// A head, or texts.
        what: &'static str,
        /// The folder of the head.
        head: PathBuf,
        found: Checksum,
        /// The checksum of the head fitted on.
        expected: Checksum,
        file: PathBuf,
    },
    /// The run has another number of classes or features.
    #[error("{}: found {found} {what}, expected {expected}, as {} was fitted on; fit this model", run.display(), file.display())]
    OtherColumns {
        run: PathBuf,
        /// `classes`, or columns of an array of features.
        what: String,
        found: usize,
        /// How many it should have.
        expected: usize,
        file: PathBuf,
    },
    /// There is more than one run.
    #[error("{}: found {runs} runs, expected one: a fit belongs to one run; name its folder", folder.display())]
    SeveralRuns {
        /// The folder of the last one.
        folder: PathBuf,
        runs: usize,
    },
}

impl FitsError {
    /// A file that is not what `oodbench fit` wrote; what was found may repeat text of the file.
    pub(super) fn damaged(file: &Path, found: &str) -> Self {
        Self::Damaged { file: file.to_owned(), found: printable::line(found).into_owned() }
    }
}
