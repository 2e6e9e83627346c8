//! What can be wrong with a dump: each message names the file, what was found, what was expected and what to do.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::error::{Doing, FileError};
use crate::rows::RowsError;

/// A dump that cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum DumpError {
    /// The file or folder could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A compressed array cannot be unpacked into the temporary folder.
    #[error(
        "{}: cannot unpack {needed} bytes into the temporary folder {} ({reason}); free some space there, set TMPDIR to another \
         folder, or save the array uncompressed", path.display(), folder.display()
    )]
    Temporary { path: PathBuf, folder: PathBuf, needed: usize, reason: std::io::Error },
    /// A folder that holds no run.
    #[error(
        "{}: found no run{hint}, expected id/test/logits.npy (or id/test_logits.npy, as OpenOOD's notebook writes it) in it or in \
         its folders, or files named by what they hold (val_logits.npy, ood_svhn_features.pt); `oodbench explain layout` shows all, \
         --layout FILE names the files", path.display()
    )]
    NoRun {
        path: PathBuf,
        /// What lies there and was probably meant to be one, in brackets; empty if nothing does.
        hint: String,
    },
    /// An array that is missing, malformed or not finite.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// Two data sets of one name.
    #[error(
        "{}: found a second set named {name:?}, the first is {}, expected distinct names; rename one", second.display(), first.display()
    )]
    DuplicateSet { name: String, first: PathBuf, second: PathBuf },
}

impl DumpError {
    pub(crate) fn io(path: impl Into<PathBuf>, reason: std::io::Error) -> Self {
        Self::File(FileError { path: path.into(), doing: Doing::Reading, reason })
    }

    pub(crate) fn temporary(path: impl Into<PathBuf>, needed: usize, reason: std::io::Error) -> Self {
        Self::Temporary { path: path.into(), folder: std::env::temp_dir(), needed, reason }
    }

    pub(crate) fn missing(path: PathBuf, expected: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Rows(RowsError::Missing { path, expected: expected.into(), remedy: remedy.into() })
    }

    pub(crate) fn malformed(
        path: impl Into<PathBuf>,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Rows(RowsError::malformed(path, found, expected, remedy))
    }
}
