//! Folders of PNG and JPEG images (Tiny ImageNet, LSUN, the resized sets of ODIN, your own).
//!
//! Images are taken in the order of their paths, so the same folder gives the same set on every machine. Hidden files and
//! files with other endings are passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use image::DynamicImage;
use image::imageops::FilterType;
use oodbench::error::FileError;
use rayon::prelude::*;
use walkdir::WalkDir;

use super::error::DataError;
use super::image_set::ImageSet;
use super::picture;

/// How a folder is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderOptions {
    /// Size to bring every image to; without, all must be of one size.
    pub resize: Option<Resize>,
    /// Channels to convert to.
    pub channels: Channels,
    /// Whether subfolders are classes.
    pub labels: FolderLabels,
}

impl Default for FolderOptions {
    /// As they are, in colour, without labels.
    fn default() -> Self {
        Self { resize: None, channels: Channels::Rgb, labels: FolderLabels::None }
    }
}

/// Where labels come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderLabels {
    /// There are none; images may lie at any depth.
    None,
    /// Each folder directly below is a class, numbered from 0 in the order of the names, of all splits together where there are several; its images may lie at any depth
    /// below it (Tiny ImageNet: `n01443537/images/...`).
    Subfolders,
}

/// Channels of the images in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// One: luma of Rec. 709, as the `image` crate computes it (Pillow's `L` uses Rec. 601).
    Grey,
    /// Red, green, blue; grey images get three equal channels, transparency is dropped.
    Rgb,
}

/// A size and how to get there. The aspect ratio is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Interpolation.
    pub filter: Filter,
}

/// Interpolation. When shrinking, all but `Nearest` average over every pixel they cover (they "antialias"), as Pillow does
/// and OpenCV or PyTorch's `interpolate` by default do not: the choice moves OOD values, so state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Nearest pixel.
    Nearest,
    /// Triangle: Pillow's BILINEAR.
    Bilinear,
    /// Catmull-Rom, a = −1/2: Pillow's BICUBIC.
    Bicubic,
    /// Lanczos with three lobes: Pillow's LANCZOS.
    Lanczos3,
}

impl Filter {
    const fn of_crate(self) -> FilterType {
        match self {
            Self::Nearest => FilterType::Nearest,
            Self::Bilinear => FilterType::Triangle,
            Self::Bicubic => FilterType::CatmullRom,
            Self::Lanczos3 => FilterType::Lanczos3,
        }
    }
}

/// Whether a file's name ends as those of the images that [`read`] takes.
#[must_use]
pub fn is_image(file: &Path) -> bool {
    let hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    !hidden && ["png", "jpg", "jpeg"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Reads a folder.
///
/// # Errors
/// [`DataError`] if the folder or an image cannot be read, there is no image, or images differ in size and no size is
/// asked for.
pub fn read(name: &str, folder: &Path, options: &FolderOptions) -> Result<ImageSet, DataError> {
    read_numbered(name, folder, options, &[])
}

/// [`read`], with the classes numbered among these as well: a split that lacks a class has the numbers of the others all the same.
///
/// # Errors
/// As [`read`].
pub fn read_numbered(
    name: &str,
    folder: &Path,
    options: &FolderOptions,
    classes: &[OsString],
) -> Result<ImageSet, DataError> {
    let files = image_files(folder)?;
    let labels = match options.labels {
        FolderLabels::None => None,
        FolderLabels::Subfolders => Some(subfolder_labels(folder, &files, classes)?),
    };
    let decoded: Vec<_> = files.par_iter().map(|file| decode(file, options)).collect::<Result<_, DataError>>()?;
    let size = |image: &DynamicImage| (image.height() as usize, image.width() as usize);
    let (height, width) = decoded.first().map(size).ok_or_else(|| {
        DataError::content(folder, "no image", "files named *.png, *.jpg or *.jpeg", "check the path")
    })?;
    if let Some(at) = decoded.iter().position(|image| size(image) != (height, width)) {
        let (rows, columns) = size(&decoded[at]);
        return Err(DataError::content(
            &files[at],
            format!("{rows}x{columns} pixels"),
            format!("{height}x{width}, as {} has", files[0].display()),
            "ask for a resize",
        ));
    }
    let channels = match options.channels {
        Channels::Grey => 1,
        Channels::Rgb => 3,
    };
    let mut images = Vec::with_capacity(decoded.len() * channels * height * width);
    for image in &decoded {
        let interleaved = image.as_bytes();
        for channel in 0..channels {
            images.extend(interleaved.iter().skip(channel).step_by(channels));
        }
    }
    let (labels, classes) = labels.map_or((None, None), |(labels, classes)| (Some(labels), Some(classes)));
    ImageSet::new(name, images, labels, [channels, height, width], classes)
}

/// The names of the folders in these folders, sorted, each once; hidden ones are no classes.
///
/// # Errors
/// [`DataError`] if one cannot be read.
pub fn subfolders(folders: &[PathBuf]) -> Result<Vec<OsString>, DataError> {
    let mut names = BTreeSet::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).map_err(FileError::reading(folder))? {
            let path = entry.map_err(FileError::reading(folder))?.path();
            let name = path.file_name().filter(|name| !name.as_encoded_bytes().starts_with(b"."));
            names.extend(name.filter(|_| path.is_dir()).map(ToOwned::to_owned));
        }
    }
    Ok(names.into_iter().collect())
}

fn image_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            FileError::reading(&path)(error.into())
        })?;
        if entry.file_type().is_file() && is_image(entry.path()) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// The label of each file, and the number of classes.
fn subfolder_labels(folder: &Path, files: &[PathBuf], others: &[OsString]) -> Result<(Vec<u32>, usize), DataError> {
    let class_of = |file: &Path| {
        let mut parts = file.strip_prefix(folder).ok()?.components();
        let class = parts.next()?.as_os_str().to_owned();
        parts.next().map(|_| class)
    };
    let mut classes: BTreeMap<OsString, u32> = others.iter().map(|class| (class.clone(), 0)).collect();
    let mut named = Vec::with_capacity(files.len());
    for file in files {
        let class = class_of(file).ok_or_else(|| {
            DataError::content(
                file,
                "an image in no subfolder",
                "one subfolder per class",
                "move it or read without labels",
            )
        })?;
        classes.insert(class.clone(), 0);
        named.push(class);
    }
    for (number, class) in classes.values_mut().enumerate() {
        *class = number as u32;
    }
    let labels = named.iter().map(|class| classes[class]).collect();
    Ok((labels, classes.len()))
}

fn decode(file: &Path, options: &FolderOptions) -> Result<DynamicImage, DataError> {
    let image = picture::decode(file)?;
    let image = match options.channels {
        Channels::Grey => DynamicImage::ImageLuma8(image.into_luma8()),
        Channels::Rgb => DynamicImage::ImageRgb8(image.into_rgb8()),
    };
    Ok(match options.resize {
        Some(size) => image.resize_exact(size.width, size.height, size.filter.of_crate()),
        None => image,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::open;

    /// A test split that lacks a class, and one with a class of its own.
    #[test]
    fn classes_are_numbered_over_all_splits() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        for image in ["train/a", "train/c", "train/.cache", "test/b", "test/c", "alone/x", "alone/y"] {
            std::fs::create_dir_all(at.join(image)).unwrap();
            if !image.ends_with(".cache") {
                DynamicImage::new_luma8(2, 2).save(at.join(image).join("1.png")).unwrap();
            }
        }
        let options = FolderOptions { labels: FolderLabels::Subfolders, ..FolderOptions::default() };
        let split = at.display().to_string();
        let source = open::find(&split, options).unwrap();
        assert_eq!(source.folder_classes().unwrap(), ["a", "b", "c"]);
        let (train, test) = source.both().unwrap();
        assert_eq!((train.labels, train.classes), (Some(vec![0, 2]), Some(3)));
        assert_eq!((test.labels, test.classes), (Some(vec![1, 2]), Some(3)));
        let whole = open::find(&at.join("alone").display().to_string(), options).unwrap();
        assert_eq!((whole.folder_classes().unwrap().len(), whole.test().unwrap().labels), (2, Some(vec![0, 1])));
        let unlabelled = open::find(&split, FolderOptions::default()).unwrap();
        assert!(unlabelled.folder_classes().unwrap().is_empty() && unlabelled.test().unwrap().labels.is_none());
    }
}
