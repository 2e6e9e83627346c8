//! What can be wrong with image data, as one clear line each.

use std::path::{Path, PathBuf};

use oodbench::dump::DumpError;
use oodbench::error::FileError;
use oodbench::rows::RowsError;

/// An image data set that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum DataError {
    /// The operating system refuses the file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file can be read and is not what it should be.
    #[error("{}: found {found}, expected {expected}; {remedy}", file.display())]
    Content {
        file: PathBuf,
        found: String,
        expected: String,
        /// What the user can do.
        remedy: String,
    },
    /// An array file that cannot be used.
    #[error(transparent)]
    Array(#[from] DumpError),
    /// A data set, a request for one, or a combination of sets makes no sense.
    #[error("{subject}: found {found}, expected {expected}; {remedy}")]
    Request {
        /// The set's name or the user's words.
        subject: String,
        found: String,
        expected: String,
        /// What the user can do.
        remedy: String,
    },
}

impl From<RowsError> for DataError {
    fn from(error: RowsError) -> Self {
        Self::Array(error.into())
    }
}

impl DataError {
    pub(super) fn content(
        file: &Path,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Content { file: file.to_owned(), found: found.into(), expected: expected.into(), remedy: remedy.into() }
    }

    pub(super) fn request(
        subject: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Request { subject: subject.into(), found: found.into(), expected: expected.into(), remedy: remedy.into() }
    }
}

/// The remedy for a damaged or incomplete download.
pub(super) const FETCH_AGAIN: &str = "fetch the file again and check its md5 sum with `oodbench data`";
