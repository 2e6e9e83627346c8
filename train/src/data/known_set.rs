//! What is known of an image set: files, md5 sums, home, licence, normalisation.

use std::path::{Path, PathBuf};

use super::cifar::Cifar;
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
