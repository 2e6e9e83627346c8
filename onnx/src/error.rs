//! What can be wrong with a model or with what is fed to it, as one clear line each.

use std::path::Path;

use oodbench::dump::{DumpError, WriteError};
use oodbench::error::FileError;
use oodbench::rows::RowsError;

/// A model that cannot be run, or rows that cannot be fed to it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum OnnxError {
    /// The operating system refuses a file.
    #[error(transparent)]
    File(#[from] FileError),
    /// An array file that cannot be used.
    #[error(transparent)]
    Array(#[from] DumpError),
    /// What the model gave are no rows of a dump.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The dump.
    #[error(transparent)]
    Dump(#[from] WriteError),
    /// A model, a set or a request that is not what it should be.
    #[error("{subject}: found {found}, expected {expected}; {remedy}")]
    Content {
        /// The file, the set or the user's words.
        subject: String,
        found: String,
        expected: String,
        /// What the user can do.
        remedy: String,
    },
    /// It was stopped from outside; nothing is kept.
    #[error("stopped")]
    Stopped,
}

impl OnnxError {
    /// Something that is not what it should be.
    pub fn content(
        subject: impl ToString,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Content {
            subject: subject.to_string(),
            found: found.into(),
            expected: expected.into(),
            remedy: remedy.into(),
        }
    }

    /// A file that is not what it should be.
    pub fn file(path: &Path, found: impl Into<String>, expected: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::content(path.display(), found, expected, remedy)
    }
}
