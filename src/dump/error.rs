//! What can be wrong with a dump: each message names the file, what was found, what was expected and what to do.

use std::path::PathBuf;

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
    /// An array that something needs is not there.
    #[error("{}: missing, expected {expected}; {remedy}", path.display())]
    Missing {
        /// Where the array should be.
        path: PathBuf,
        /// What should be there.
        expected: String,
        /// What to do.
        remedy: String,
    },
    /// A file that is not the array it should be.
    #[error("{}: found {found}, expected {expected}; {remedy}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: String,
        /// What to do.
        remedy: &'static str,
    },
    /// NaN or infinite values.
    #[error(
        "{}: found {rows} rows with NaN or infinite values, the first is row {first}, expected finite numbers; \
         drop these rows or dump them again", path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// First such row, from 0.
        first: usize,
        /// How many rows.
        rows: usize,
    },
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

    pub(crate) fn malformed(
        path: impl Into<PathBuf>,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self::Malformed { path: path.into(), found: found.into(), expected: expected.into(), remedy }
    }
}
