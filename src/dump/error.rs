//! What can be wrong with a dump: each message names the file, what was found, what was expected and what to do.

use std::path::PathBuf;

use crate::rows::RowsError;

/// A dump that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The file or folder could not be read.
    #[error("{}: cannot be read ({reason})", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// A folder that holds no run.
    #[error(
        "{}: found no run, expected id/test/logits.npy (or id/test_logits.npy, as OpenOOD's notebook writes it) in it or in \
         its folders; `oodbench explain layout` shows the layout", path.display()
    )]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// An array that is missing, malformed or not finite.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// Two data sets of one name.
    #[error(
        "{}: found a second OOD set named {name:?}, the first is {}, expected distinct names; rename one", second.display(), first.display()
    )]
    DuplicateSet {
        /// The name.
        name: String,
        /// Where it stands first.
        first: PathBuf,
        /// Where it stands again.
        second: PathBuf,
    },
}

impl DumpError {
    pub(crate) fn io(path: impl Into<PathBuf>, reason: std::io::Error) -> Self {
        Self::Io { path: path.into(), reason }
    }

    pub(crate) fn missing(path: PathBuf, expected: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Rows(RowsError::Missing { path, expected: expected.into(), remedy: remedy.into() })
    }

    pub(crate) fn malformed(
        path: impl Into<PathBuf>,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self::Rows(RowsError::malformed(path, found, expected, remedy))
    }
}
