//! The image sets known by name: files, md5 sums, home, licence, normalisation.
//!
//! The one list is [`KNOWN_SETS`]; `oodbench data`, [`open`](super::open::open) and the documentation read it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::checksum;
use super::cifar::Cifar;
use super::error::DataError;
pub use super::known_sets::KNOWN_SETS;
use super::normalisation::Published;

/// An image set known by name.
#[derive(Debug)]
pub struct KnownSet {
    /// Name in specifications, as `cifar10`.
    pub name: &'static str,
    /// Name as its authors write it.
    pub title: &'static str,
    /// Home page, where the files and their terms are.
    pub home: &'static str,
    /// Terms of use, in a few words; the home page decides.
    pub licence: &'static str,
    /// Number of classes; none for sets that have no labels.
    pub classes: Option<usize>,
    /// Normalisation usual for training on it.
    pub normalisation: Published,
    /// The forms it is published in.
    pub layouts: &'static [Layout],
    /// Where distributions install it.
    pub places: &'static [&'static str],
}

/// One form a set is published in.
#[derive(Debug)]
pub struct Layout {
    /// What reads it.
    pub format: Format,
    /// Folder that the publisher's archive unpacks to; empty if it has none.
    pub folder: &'static str,
    /// Files of the training split, in order; none for sets that only serve as OOD.
    pub train: &'static [KnownFile],
    /// Files of the test split, in order. Of IDX splits: images, labels. Of folders: none, all images are test images.
    pub test: &'static [KnownFile],
}

/// Which loader reads a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// [`cifar`](super::cifar).
    CifarBinary(Cifar),
    /// [`cifar_pickle`](super::cifar_pickle).
    CifarPickle(Cifar),
    /// [`svhn`](super::svhn).
    Svhn,
    /// [`idx`](super::idx).
    Idx,
    /// [`folder`](super::folder).
    Folder,
}

/// One file and what is known of its bytes.
#[derive(Debug)]
pub struct KnownFile {
    /// Name in the layout's folder.
    pub name: &'static str,
    /// md5 sum of the file as published, stated by its publisher or by torchvision.
    pub published: Option<&'static str>,
    /// md5 sum of the decompressed content, which no publisher states. Computed for this list, except for MNIST's training
    /// files, where public code agrees on it. For Fashion-MNIST it was computed from files that have the published sum once
    /// the publisher's gzip header is put back; for the others from copies said to hold the published bytes.
    pub content: Option<&'static str>,
}

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

impl Layout {
    /// The folder with this layout's files, if `path` is it or holds it: at least one file has to be there.
    pub(super) fn root(&self, path: &Path) -> Option<PathBuf> {
        let roots = [path.to_owned(), path.join(self.folder)];
        let holds = |root: &PathBuf| self.train.iter().chain(self.test).any(|file| self.locate(root, file).is_file());
        roots.into_iter().find(holds)
    }

    /// Where a file is, or where it would be.
    ///
    /// IDX files are also found unpacked, and with the dot that some tools write (`t10k-images.idx3-ubyte`).
    pub(super) fn locate(&self, root: &Path, file: &KnownFile) -> PathBuf {
        let usual = root.join(file.name);
        let plain = file.name.trim_end_matches(".gz");
        let dotted = plain.replace("-idx", ".idx");
        let others = [plain.to_owned(), dotted.clone(), dotted + ".gz"];
        if self.format != Format::Idx || usual.is_file() {
            return usual;
        }
        others.iter().map(|name| root.join(name)).find(|file| file.is_file()).unwrap_or(usual)
    }
}

/// What is the matter with a file, if anything.
#[derive(Debug)]
pub enum FileState {
    /// The sum is the published one.
    AsPublished,
    /// The file's sum is not the published one or none is, and the content's sum is right.
    ContentFine,
    /// There is no such file.
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
