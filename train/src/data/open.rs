//! From what a user writes to images.
//!
//! | specification | means |
//! |---|---|
//! | `cifar10:PATH` | a set of the [`catalog`], its folder or the one above it |
//! | `fashion-mnist` | the same, where a distribution installs it |
//! | `embedded:NAME`, `embedded` | a set inside the program ([`embedded`](super::embedded)); Fashion-MNIST without a name |
//! | `idx:PATH`, `folder:PATH` | files of that format that are no known set |
//! | `npy:DIR` | vectors or sequences of tokens ([`rows`]) |
//! | `PATH` | a folder with the files of a known set, an `.npz` or `.npy` file, or a folder of images |

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::array::{self, Part};
use super::catalog::{self, Format, KNOWN_SETS, KnownFile, KnownSet, Layout};
use super::checksum;
use super::embedded::EmbeddedSet;
use super::error::DataError;
use super::folder::{self, FolderLabels, FolderOptions};
use super::image_set::ImageSet;
use super::normalisation::Published;
use super::{cifar, cifar_pickle, idx, rows, svhn};

/// A data set that was found; reading waits until a split is asked for.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    root: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Known(&'static KnownSet, &'static Layout),
    Embedded(EmbeddedSet),
    Idx,
    Folder(FolderOptions),
    Array,
    Rows,
}

/// Finds the data set of a specification.
///
/// `options` says how folders of images are read; with other sets it is refused, since it would change nothing.
///
/// # Errors
/// [`DataError`] if the path or name leads to no data set, in words that say what was looked for.
pub fn open(specification: &str, options: Option<FolderOptions>) -> Result<Source, DataError> {
    let source = find(specification, options.unwrap_or_default())?;
    if options.is_some() && !matches!(source.kind, Kind::Folder(_)) {
        return Err(DataError::request(
            specification,
            "options for folders of images",
            "a folder of images",
            "leave out size, channels and class folders",
        ));
    }
    Ok(source)
}

/// [`open`] for a set of any kind: `options` are used where it is a folder of images and passed over elsewhere.
///
/// # Errors
/// As [`open`], but for the refusal.
pub fn find(specification: &str, options: FolderOptions) -> Result<Source, DataError> {
    if specification == "embedded" {
        return Ok(embedded(EmbeddedSet::ALL[0]));
    }
    if let Some(name) = specification.strip_prefix("embedded:") {
        let names = || EmbeddedSet::ALL.map(EmbeddedSet::name).join(", ");
        let set = EmbeddedSet::ALL.into_iter().find(|set| set.name() == name);
        let unknown = || DataError::request(specification, format!("{name:?}"), names(), "take one of these");
        return set.map(embedded).ok_or_else(unknown);
    }
    if let Some((name, path)) = specification.split_once(':') {
        let root = PathBuf::from(path);
        let kind = match name {
            "idx" => Some(Kind::Idx),
            "folder" => Some(Kind::Folder(options)),
            "npy" => Some(Kind::Rows),
            _ => None,
        };
        if let Some(kind) = kind {
            return Ok(Source { name: last_part(&root), root, kind });
        }
        if let Some(set) = catalog::find(name) {
            return known(set, &root, options);
        }
    }
    if let Some(set) = catalog::find(specification) {
        let place = set.places.iter().map(Path::new).find(|place| place.exists());
        let missing = || {
            let looked = if set.places.is_empty() { "no usual place".into() } else { set.places.join(", ") };
            DataError::request(
                specification,
                format!("nothing ({looked})"),
                "a path",
                format!("get it from {} and write `{}:PATH`", set.home, set.name),
            )
        };
        return known(set, place.ok_or_else(missing)?, options);
    }
    recognise(specification, options)
}

fn embedded(set: EmbeddedSet) -> Source {
    Source { name: set.name().to_owned(), root: PathBuf::from("embedded"), kind: Kind::Embedded(set) }
}

fn known(set: &'static KnownSet, path: &Path, options: FolderOptions) -> Result<Source, DataError> {
    let name = set.name.to_owned();
    for layout in set.layouts {
        if layout.format == Format::Folder {
            let below = path.join(layout.folder);
            let root = if below.is_dir() { below } else { path.to_owned() };
            return Ok(Source { name, root, kind: Kind::Folder(options) });
        }
        if let Some(root) = layout.root(path) {
            return Ok(Source { name, root, kind: Kind::Known(set, layout) });
        }
    }
    let files = set.layouts.iter().filter_map(|layout| layout.test.first()).map(|file| file.name);
    Err(DataError::content(
        path,
        "no file of this set",
        format!("files such as {}", files.collect::<Vec<_>>().join(" or ")),
        format!("get {} from {} and unpack it there", set.title, set.home),
    ))
}

fn recognise(specification: &str, options: FolderOptions) -> Result<Source, DataError> {
    let root = PathBuf::from(specification);
    let name = last_part(&root);
    let ending = root.extension().and_then(|ending| ending.to_str());
    if root.is_file() && matches!(ending, Some("npz" | "npy")) {
        return Ok(Source { name, root, kind: Kind::Array });
    }
    for set in KNOWN_SETS {
        for layout in set.layouts {
            if let Some(root) = layout.root(&root)
                && (layout.format != Format::Idx || is_this_idx(layout, &root))
            {
                return Ok(Source { name: set.name.into(), root, kind: Kind::Known(set, layout) });
            }
        }
    }
    if root.is_dir() {
        let some_idx = KNOWN_SETS.iter().flat_map(|set| set.layouts).any(|layout| layout.root(&root).is_some());
        let kind = if some_idx { Kind::Idx } else { Kind::Folder(options) };
        return Ok(Source { name, root, kind });
    }
    let names: Vec<_> = KNOWN_SETS.iter().map(|set| set.name).collect();
    Err(DataError::request(
        specification,
        "neither a known name nor a path",
        format!(
            "a path, `NAME:PATH` with NAME one of {}, `idx:PATH`, `folder:PATH`, `npy:DIR` or `embedded`",
            names.join(", ")
        ),
        "correct it",
    ))
}

/// All sets of the MNIST family name their files alike; the labels, which are small, tell them apart.
fn is_this_idx(layout: &Layout, root: &Path) -> bool {
    let labels = [layout.train.get(1), layout.test.get(1)];
    labels.into_iter().flatten().any(|file| {
        checksum::sums(&layout.locate(root, file)).is_ok_and(|sums| {
            file.published == Some(sums.file.as_str()) || file.content == Some(sums.contents.as_str())
        })
    })
}

/// The last real component of a path, so that `images/..` has a name as well.
fn last_part(path: &Path) -> String {
    let real = path.canonicalize();
    let part = path.file_stem().or_else(|| real.as_ref().ok()?.file_stem());
    part.map_or_else(|| "images".to_owned(), |name| name.to_string_lossy().into_owned())
}

impl Source {
    /// Name for tables: the known set's, or the folder's or file's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The entry of the catalog, if it is a set with known files.
    #[must_use]
    pub fn known(&self) -> Option<&'static KnownSet> {
        catalog::find(&self.name)
    }

    /// Normalisation usual for training on it; scaling to 0 to 1 for unknown sets.
    #[must_use]
    pub fn normalisation(&self) -> Published {
        self.known().map_or(Published::None, |set| set.normalisation)
    }

    /// Reads the training split; of a folder of images the folder `train` in it.
    ///
    /// # Errors
    /// [`DataError`] if there is none or it is damaged.
    pub fn train(&self) -> Result<ImageSet, DataError> {
        let name = format!("{}-train", self.name);
        let none = || DataError::content(&self.root, "no training split", "one", "take another set for training");
        match self.kind {
            Kind::Embedded(set) => set.train()?.ok_or_else(none),
            Kind::Known(_, layout) if layout.train.is_empty() => Err(none()),
            Kind::Known(set, layout) => self.files(&name, set, layout, layout.train),
            Kind::Idx => self.idx(&name, "train"),
            Kind::Array => array::read_npz(&name, &self.root, Part::Train, None, None),
            Kind::Rows => rows::train(&name, &self.root),
            Kind::Folder(options) => {
                let root = self.root.join("train");
                match root.is_dir() {
                    true => folder::read_numbered(&name, &root, &options, &self.folder_classes()?),
                    false => Err(none()),
                }
            }
        }
    }

    /// Reads the test split; of a folder of images the folder `test` or `val` in it, or all of it if it has no splits.
    ///
    /// # Errors
    /// [`DataError`] if it is not there or damaged.
    pub fn test(&self) -> Result<ImageSet, DataError> {
        match self.kind {
            Kind::Embedded(set) => set.test(),
            Kind::Known(set, layout) => self.files(&self.name, set, layout, layout.test),
            Kind::Idx => self.idx(&self.name, "t10k"),
            Kind::Array if self.root.extension().is_some_and(|ending| ending == "npy") => {
                array::read_npy(&self.name, &self.root, None, None, None)
            }
            Kind::Array => array::read_npz(&self.name, &self.root, Part::Test, None, None),
            Kind::Rows => rows::test(&self.name, &self.root),
            Kind::Folder(options) => {
                let parts = [self.root.join("test"), self.root.join("val")];
                let part = parts.iter().find(|part| part.is_dir());
                if part.is_none() && self.root.join("train").is_dir() {
                    return Err(DataError::content(
                        &self.root,
                        "a folder `train` alone",
                        "`test` or `val` beside it",
                        "name the folder to test on",
                    ));
                }
                folder::read_numbered(&self.name, part.unwrap_or(&self.root), &options, &self.folder_classes()?)
            }
        }
    }

    /// The classes of a folder of images whose subfolders are classes, in the order of their numbers; none for other sets.
    ///
    /// # Errors
    /// [`DataError`] if a folder cannot be read.
    pub fn folder_classes(&self) -> Result<Vec<OsString>, DataError> {
        if !matches!(self.kind, Kind::Folder(FolderOptions { labels: FolderLabels::Subfolders, .. })) {
            return Ok(Vec::new());
        }
        let splits: Vec<PathBuf> = ["train", "test", "val"].map(|split| self.root.join(split)).into();
        let splits: Vec<PathBuf> = splits.into_iter().filter(|split| split.is_dir()).collect();
        folder::subfolders(if splits.is_empty() { std::slice::from_ref(&self.root) } else { &splits })
    }

    /// Reads both splits: (training, test).
    ///
    /// # Errors
    /// As [`train`](Self::train) and [`test`](Self::test).
    pub fn both(&self) -> Result<(ImageSet, ImageSet), DataError> {
        Ok((self.train()?, self.test()?))
    }

    fn files(&self, name: &str, set: &KnownSet, layout: &Layout, files: &[KnownFile]) -> Result<ImageSet, DataError> {
        let files: Vec<_> = files.iter().map(|file| layout.locate(&self.root, file)).collect();
        if let Some(missing) = files.iter().find(|file| !file.exists()) {
            return Err(DataError::content(
                missing,
                "no such file",
                format!("part of {}", set.title),
                format!("get it from {}", set.home),
            ));
        }
        match (layout.format, files.as_slice()) {
            (Format::CifarBinary(cifar), files) => cifar::read(name, cifar, files),
            (Format::CifarPickle(cifar), files) => cifar_pickle::read(name, cifar, files),
            (Format::Svhn, [file, ..]) => svhn::read(name, file),
            (Format::Idx, [images, labels, ..]) => idx::read(name, images, Some(labels), set.classes),
            _ => folder::read(name, &self.root, &FolderOptions::default()),
        }
    }

    /// Files of an unknown set of the MNIST family: labels are optional.
    fn idx(&self, name: &str, split: &str) -> Result<ImageSet, DataError> {
        let find = |kind: &str| {
            let plain = [format!("{split}-{kind}-ubyte"), format!("{split}-{}-ubyte", kind.replace('-', "."))];
            let names = plain.into_iter().flat_map(|name| [format!("{name}.gz"), name]);
            names.map(|name| self.root.join(name)).find(|file| file.is_file())
        };
        let images = find("images-idx3").ok_or_else(|| {
            DataError::content(
                &self.root,
                format!("no {split} images"),
                format!("{split}-images-idx3-ubyte.gz"),
                "check the path",
            )
        })?;
        idx::read(name, &images, find("labels-idx1").as_deref(), None)
    }
}
