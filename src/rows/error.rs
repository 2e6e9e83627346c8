//! What can be wrong with rows: each message names the place, what was found, what was expected and what to do.

use std::borrow::Cow;
use std::path::PathBuf;

/// Rows that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum RowsError {
    /// An array that something needs is not there.
    #[error("{}: missing, expected {expected}; {remedy}", path.display())]
    Missing {
        /// Where the array should be.
        path: PathBuf,
        expected: String,
        remedy: String,
    },
    /// An array that is not what it should be.
    #[error("{}: found {found}, expected {expected}; {remedy}", path.display())]
    Malformed {
        /// The file, or the name given to an array in memory.
        path: PathBuf,
        found: String,
        expected: String,
        remedy: Cow<'static, str>,
    },
    /// NaN or infinite values.
    #[error(
        "{}: found {rows} rows with NaN or infinite values, the first is row {first}, expected finite numbers; \
         drop these rows or dump them again", path.display()
    )]
    NotFinite {
        /// The file, or the name given to an array in memory.
        path: PathBuf,
        /// First such row, from 0.
        first: usize,
        rows: usize,
    },
}

impl RowsError {
    pub(crate) fn malformed(
        path: impl Into<PathBuf>,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Malformed { path: path.into(), found: found.into(), expected: expected.into(), remedy: remedy.into() }
    }
}
