//! The one way in which a file or folder can fail: the system refuses it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file or folder that the system does not let be read or written.
///
/// What the system says is part of the message and no [`source`](std::error::Error::source), so that a chain of causes does not say it twice.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be {doing} ({reason})", path.display())]
#[allow(missing_docs, reason = "the message says what each field is")]
pub struct FileError {
    pub path: PathBuf,
    pub doing: Doing,
    pub reason: io::Error,
}

/// What was being done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It was opened, listed, mapped or read.
    Reading,
    /// It was made, written or renamed.
    Writing,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "read",
            Self::Writing => "written",
        })
    }
}

impl FileError {
    /// An error of reading `path`, to be made of what the system says: `fs::read(path).map_err(FileError::reading(path))`.
    pub fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        Self::doing(path, Doing::Reading)
    }

    /// An error of writing `path`.
    pub fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        Self::doing(path, Doing::Writing)
    }

    fn doing(path: &Path, doing: Doing) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |reason| Self { path, doing, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_file_deed_and_reason_once() {
        let missing = Path::new("no/such.file");
        let error = std::fs::read(missing).map_err(FileError::reading(missing)).unwrap_err();
        assert!(error.to_string().starts_with("no/such.file: cannot be read (No such file"), "{error}");
        assert!(std::error::Error::source(&error).is_none());
        let error = FileError::writing(missing)(io::Error::other("full"));
        assert_eq!(error.to_string(), "no/such.file: cannot be written (full)");
    }
}
