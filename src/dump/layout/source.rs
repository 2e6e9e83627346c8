//! Where one stored array is.

use std::path::{Path, PathBuf};

use crate::dump::error::DumpError;
use crate::dump::format::{self, Format};
use crate::rows::array::StoredArray;

/// A file, or a member of one, and the format it is read by.
#[derive(Clone)]
pub struct Source {
    path: PathBuf,
    member: Option<String>,
    format: &'static dyn Format,
}

impl Source {
    /// The only array of a file, whose name says how to read it; `None` if it does not.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        Some(Self { path: path.to_owned(), member: None, format: format::by_name(path)? })
    }

    /// Opens the array.
    ///
    /// # Errors
    /// [`DumpError`] if it cannot be read.
    pub fn open(&self) -> Result<StoredArray, DumpError> {
        self.format.open(&self.path, self.member.as_deref())
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The named arrays of a file that holds such.
    pub(super) fn members(&self) -> Result<Option<Vec<(String, Self)>>, DumpError> {
        let members = self.format.members(&self.path)?;
        let member = |name: String| (name.clone(), Self { member: Some(name), ..self.clone() });
        Ok(members.map(|names| names.into_iter().map(member).collect()))
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({}, {:?}, {})", self.path.display(), self.member, self.format.ending())
    }
}
