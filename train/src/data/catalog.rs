//! The image sets known by name: files, md5 sums, home, licence, normalisation.
//!
//! The one list is [`KNOWN_SETS`]; `oodbench data`, [`open`](super::open::open) and the documentation read it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::checksum;
use super::error::DataError;
pub use super::known_set::{Format, KnownFile, KnownSet, Layout};
pub use super::known_sets::KNOWN_SETS;

/// The set of that name.
///
/// # Example
/// ```
/// use oodbench_train::data::catalog;
///
/// assert_eq!(catalog::find("svhn").and_then(|set| set.classes), Some(10));
/// ```
#[must_use]
pub fn find(name: &str) -> Option<&'static KnownSet> {
    KNOWN_SETS.iter().find(|set| set.name == name)
}

/// What is the matter with a file, if anything.
#[derive(Debug)]
pub enum FileState {
    /// The sum is the published one.
    AsPublished,
    /// The file's sum is not the published one or none is, and the content's sum is right.
    ContentFine,
    /// The file does not exist.
    Missing,
    /// The sum is another.
    Wrong {
        /// Sum of the file.
        found: String,
        /// Sum it should have.
        expected: String,
    },
    /// Nothing to compare with.
    NoSumKnown {
        /// Sum of the file.
        found: String,
    },
    /// The file cannot be read.
    Unreadable(DataError),
}

impl fmt::Display for FileState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsPublished => write!(formatter, "fine (published md5 sum)"),
            Self::ContentFine => write!(formatter, "fine (md5 sum of the content, not a published one)"),
            Self::Missing => write!(formatter, "missing"),
            Self::Wrong { found, expected } => {
                write!(formatter, "wrong: md5 sum {found}, expected {expected}")
            }
            Self::NoSumKnown { found } => write!(formatter, "there, md5 sum {found}, none known to compare with"),
            Self::Unreadable(error) => write!(formatter, "unreadable: {error}"),
        }
    }
}

/// Checks every file of a set below `path`, in the layout that is there (the first, if none is): each file with its state.
/// Sets that are folders of images have no sums and give an empty list.
#[must_use]
pub fn check(set: &KnownSet, path: &Path) -> Vec<(PathBuf, FileState)> {
    let found = set.layouts.iter().find_map(|layout| layout.root(path).map(|root| (layout, root)));
    let Some((layout, root)) = found.or_else(|| set.layouts.first().map(|layout| (layout, path.to_owned()))) else {
        return Vec::new();
    };
    let files = layout.train.iter().chain(layout.test);
    files
        .map(|file| {
            let place = layout.locate(&root, file);
            let state = state(&place, file);
            (place, state)
        })
        .collect()
}

fn state(place: &Path, file: &KnownFile) -> FileState {
    if !place.exists() {
        return FileState::Missing;
    }
    let sums = match checksum::sums(place) {
        Ok(sums) => sums,
        Err(error) => return FileState::Unreadable(error),
    };
    if file.published == Some(&sums.file) {
        return FileState::AsPublished;
    }
    if file.content == Some(&sums.contents) {
        return FileState::ContentFine;
    }
    // A recompressed copy of the right content has another sum, which tells nothing if the content's is not known.
    let unpacked = file.name.ends_with(".gz") && (place.extension().is_none_or(|ending| ending != "gz"));
    match (file.content, file.published) {
        (Some(expected), _) => FileState::Wrong { found: sums.contents, expected: expected.into() },
        (None, Some(expected)) if !unpacked => FileState::Wrong { found: sums.file, expected: expected.into() },
        _ => FileState::NoSumKnown { found: sums.file },
    }
}
