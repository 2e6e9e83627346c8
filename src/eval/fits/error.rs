//! What can be wrong with a file of fits, or with its use on a run.

use std::path::PathBuf;

use crate::numeric::checksum::Checksum;
use crate::score::{SettingError, StateError};

/// Fits that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FitsError {
    /// The file cannot be read.
    #[error("{}: cannot be read ({reason})", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// It is not what `oodbench fit` wrote.
    #[error("{}: found {found}, expected a whole file written by `oodbench fit`; fit again", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What it holds.
        found: String,
    },
    /// It was written by a version that lays files out in another way.
    #[error("{}: found format {found} (oodbench {version}), expected {expected}; fit again with this version", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The version that wrote it.
        version: String,
        /// The format of this version.
        expected: u32,
    },
    /// It does not hold a score that was asked for.
    #[error("{}: found fits of {known}, expected one of {score}; fit it too", file.display())]
    NoScore {
        /// The file.
        file: PathBuf,
        /// The score.
        score: &'static str,
        /// Those it holds.
        known: String,
    },
    /// The parameters in it are not those of the score.
    #[error("{}: {error}; fit again with this version", file.display())]
    Setting {
        /// The file.
        file: PathBuf,
        /// What does not fit.
        error: SettingError,
    },
    /// The arrays in it are not those of the score.
    #[error("{}: score {score}: {error}; fit again with this version", file.display())]
    State {
        /// The file.
        file: PathBuf,
        /// The score.
        score: &'static str,
        /// What does not fit.
        error: StateError,
    },
    /// The run's rows are not those that the fits were made from.
    #[error(
        "{}: found {found} rows with checksum {checksum}, expected {expected} with {expected_checksum}, those that {} was fitted on; \
         fit this run, or score the one that was fitted", array.display(), file.display()
    )]
    OtherRows {
        /// The array.
        array: PathBuf,
        /// Its rows.
        found: usize,
        /// Its checksum.
        checksum: Checksum,
        /// The rows fitted on.
        expected: usize,
        /// Their checksum.
        expected_checksum: Checksum,
        /// The file.
        file: PathBuf,
    },
    /// The run has another head.
    #[error("{}: found a head with checksum {found}, expected {expected}, that of the model that {} was fitted on; fit this model", head.display(), file.display())]
    OtherHead {
        /// The folder of the head.
        head: PathBuf,
        /// Its checksum.
        found: Checksum,
        /// The checksum of the head fitted on.
        expected: Checksum,
        /// The file.
        file: PathBuf,
    },
    /// The run has another number of classes or features.
    #[error("{}: found {found} {what}, expected {expected}, as {} was fitted on; fit this model", run.display(), file.display())]
    OtherColumns {
        /// The run.
        run: PathBuf,
        /// `classes`, or columns of an array of features.
        what: String,
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
        /// The file.
        file: PathBuf,
    },
    /// There is more than one run.
    #[error("{}: found {runs} runs, expected one: a fit belongs to one run; name its folder", folder.display())]
    SeveralRuns {
        /// The folder of the last one.
        folder: PathBuf,
        /// How many.
        runs: usize,
    },
}
