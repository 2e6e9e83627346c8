//! Where one stored array is.

use std::path::{Path, PathBuf};

use crate::dump::error::DumpError;
use crate::dump::format::raw::{self, Raw};
use crate::dump::format::{self, Format};
use crate::rows::array::StoredArray;

/// A file, or a member of one, and the format it is read by.
#[derive(Clone)]
pub struct Source {
    path: PathBuf,
    member: Option<String>,
    reader: Reader,
}

/// What reads a file.
#[derive(Clone)]
enum Reader {
    /// A format that says what is in it.
    Format(&'static dyn Format),
    /// What a layout file says of it.
    Raw(Raw),
}

impl Source {
    /// The only array of a file, whose name says how to read it; `None` if it does not.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        Some(Self { path: path.to_owned(), member: None, reader: Reader::Format(format::by_name(path)?) })
    }

    /// The array that a layout file names, `FILE` or `FILE:NAME`; `None` if no name of a format says how to read it.
    pub(super) fn named(folder: &Path, name: &str) -> Option<Self> {
        let whole = folder.join(name);
        match name.rsplit_once(':') {
            Some((file, member)) if !whole.exists() && !member.is_empty() => {
                Self::of(&folder.join(file)).map(|source| Self { member: Some(member.to_owned()), ..source })
            }
            _ => Self::of(&whole),
        }
    }

    /// The elements of a file of nothing else.
    pub(super) fn raw(path: &Path, raw: Raw) -> Self {
        Self { path: path.to_owned(), member: None, reader: Reader::Raw(raw) }
    }

    /// Opens the array.
    ///
    /// # Errors
    /// [`DumpError`] if it cannot be read.
    pub fn open(&self) -> Result<StoredArray, DumpError> {
        match &self.reader {
            Reader::Format(format) => format.open(&self.path, self.member.as_deref()),
            Reader::Raw(raw) => raw::open(&self.path, raw),
        }
    }

    /// The array as messages name it, below a place that it lies in.
    pub(super) fn shown(&self, place: &Path) -> String {
        let shown = self.shown_path();
        shown.strip_prefix(place).unwrap_or(&shown).to_string_lossy().into_owned()
    }

    /// The file, with `[member]` behind it for an array of several.
    pub(super) fn shown_path(&self) -> PathBuf {
        match &self.member {
            Some(member) => PathBuf::from(format!("{}[{member}]", self.path.display())),
            None => self.path.clone(),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file is a table, whose columns may be anything else.
    pub(super) fn holds_columns(&self) -> bool {
        matches!(&self.reader, Reader::Format(format) if format.holds_columns())
    }

    /// The named arrays of a file that holds such.
    pub(super) fn members(&self) -> Result<Option<Vec<(String, Self)>>, DumpError> {
        let Reader::Format(format) = &self.reader else { return Ok(None) };
        let members = format.members(&self.path)?;
        let member = |name: String| (name.clone(), Self { member: Some(name), ..self.clone() });
        Ok(members.map(|names| names.into_iter().map(member).collect()))
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ending = if let Reader::Format(format) = &self.reader { format.ending() } else { "raw" };
        write!(f, "Source({}, {:?}, {ending})", self.path.display(), self.member)
    }
}
