//! Images in NumPy files: `.npy`, or `.npz` with images and labels under the usual names.
//!
//! Images are bytes of shape (n, rows, columns), (n, rows, columns, channels) or (n, channels, rows, columns) with 1 or 3
//! channels; labels are whole numbers of shape (n) or (n, 1). Python objects (pickles) are not read.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ndarray::{ArrayViewD, Axis};
use ndarray_npy::{ViewElement, ViewNpyError, ViewNpyExt as _};
use zip::ZipArchive;

use super::error::{DataError, FETCH_AGAIN};
use super::image_set::ImageSet;
use super::read;

/// Order of the axes of a four-dimensional array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// (n, rows, columns, channels): Pillow, Keras, CIFAR-10-C.
    Nhwc,
    /// (n, channels, rows, columns): PyTorch.
    Nchw,
}

/// Which part of an `.npz` archive to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `x_train`, `train_images`, ...
    Train,
    /// `x_test`, `test_images`, ...; or the images of an archive that has no parts: `images`, `x`, `data`, `arr_0`.
    Test,
}

impl Part {
    const fn image_names(self) -> &'static [&'static str] {
        match self {
            Self::Train => &["x_train", "train_images", "train_x"],
            Self::Test => &["x_test", "test_images", "test_x", "images", "x", "X", "data", "arr_0"],
        }
    }

    const fn label_names(self) -> &'static [&'static str] {
        match self {
            Self::Train => &["y_train", "train_labels", "train_y"],
            Self::Test => &["y_test", "test_labels", "test_y", "labels", "y", "targets", "arr_1"],
        }
    }
}

/// Reads images from one `.npy` file and, if there is a file of them, labels from another.
///
/// `layout` is needed only where both readings of the shape make sense, `classes` only where the labels lack the last
/// classes: by default it is the largest label plus one.
///
/// # Errors
/// [`DataError`] if a file cannot be read or its array is none of the above.
pub fn read_npy(
    name: &str,
    images: &Path,
    labels: Option<&Path>,
    layout: Option<Layout>,
    classes: Option<usize>,
) -> Result<ImageSet, DataError> {
    let labels = labels.map(|file| decode_labels(file, &read::bytes(file)?)).transpose()?;
    let (pixels, shape) = decode_images(images, &read::bytes(images)?, layout)?;
    assemble(name, pixels, shape, labels, classes)
}

/// Reads images and, if they are there, labels from an `.npz` archive.
///
/// # Errors
/// As [`read_npy`]; also if the archive has no images under a name of this [`Part`].
pub fn read_npz(
    name: &str,
    archive: &Path,
    part: Part,
    layout: Option<Layout>,
    classes: Option<usize>,
) -> Result<ImageSet, DataError> {
    let file = File::open(archive).map_err(|cause| DataError::Read { file: archive.to_owned(), cause })?;
    let mut members = ZipArchive::new(file).map_err(|cause| damaged(archive, &cause))?;
    let (file, bytes) = member(archive, &mut members, part.image_names())?.ok_or_else(|| {
        let mut names: Vec<_> = members.file_names().flatten().collect();
        names.sort_unstable();
        DataError::content(
            archive,
            format!("arrays [{}]", names.join(", ")),
            format!("images under one of {}", part.image_names().join(", ")),
            "rename the array",
        )
    })?;
    let (pixels, shape) = decode_images(&file, &bytes, layout)?;
    let labels = member(archive, &mut members, part.label_names())?;
    let labels = labels.map(|(file, bytes)| decode_labels(&file, &bytes)).transpose()?;
    assemble(name, pixels, shape, labels, classes)
}

fn assemble(
    name: &str,
    pixels: Vec<u8>,
    shape: [usize; 3],
    labels: Option<Vec<u32>>,
    classes: Option<usize>,
) -> Result<ImageSet, DataError> {
    let counted = labels.iter().flatten().max().map(|&largest| largest as usize + 1);
    ImageSet::new(name, pixels, labels, shape, classes.or(counted))
}

fn damaged(file: &Path, cause: &dyn std::fmt::Display) -> DataError {
    DataError::content(file, format!("a damaged archive ({cause})"), "an archive written by numpy.savez", FETCH_AGAIN)
}

/// The first of `names` that the archive holds, with the name to show for it.
fn member(
    archive: &Path,
    members: &mut ZipArchive<File>,
    names: &[&str],
) -> Result<Option<(PathBuf, Vec<u8>)>, DataError> {
    for name in names {
        let Some(index) = members.index_for_name(&format!("{name}.npy")) else {
            continue;
        };
        let mut bytes = Vec::new();
        let mut file = members.by_index(index).map_err(|cause| damaged(archive, &cause))?;
        file.read_to_end(&mut bytes).map_err(|cause| damaged(archive, &cause))?;
        return Ok(Some((PathBuf::from(format!("{}[{name}]", archive.display())), bytes)));
    }
    Ok(None)
}

fn decode_images(file: &Path, bytes: &[u8], layout: Option<Layout>) -> Result<(Vec<u8>, [usize; 3]), DataError> {
    let wrong = |found: String, expected: &str, remedy: &str| DataError::content(file, found, expected, remedy);
    let array =
        ArrayViewD::<u8>::view_npy(bytes).map_err(|cause| unreadable(file, &cause, "an array of bytes (uint8)"))?;
    let channel = |length: usize| length == 1 || length == 3;
    let nchw = match *array.shape() {
        [_, _, _] => array.insert_axis(Axis(1)),
        [_, first, _, last] => {
            let layout = match (channel(first), channel(last), layout) {
                (true, _, Some(Layout::Nchw)) | (true, false, None) => Layout::Nchw,
                (_, true, Some(Layout::Nhwc)) | (false, true, None) => Layout::Nhwc,
                (true, true, None) => {
                    return Err(wrong(
                        format!("shape {:?}", array.shape()),
                        "a clear place of the channels",
                        "state the layout",
                    ));
                }
                _ => {
                    return Err(wrong(format!("shape {:?}", array.shape()), "1 or 3 channels", "write the images so"));
                }
            };
            match layout {
                Layout::Nchw => array,
                Layout::Nhwc => array.permuted_axes(vec![0, 3, 1, 2]),
            }
        }
        _ => {
            return Err(wrong(format!("shape {:?}", array.shape()), "3 or 4 dimensions", "write the images so"));
        }
    };
    let shape = [nchw.shape()[1], nchw.shape()[2], nchw.shape()[3]];
    Ok((nchw.iter().copied().collect(), shape))
}

fn decode_labels(file: &Path, bytes: &[u8]) -> Result<Vec<u32>, DataError> {
    /// `None` if the array holds another type.
    fn of<T>(file: &Path, bytes: &[u8]) -> Result<Option<Vec<u32>>, DataError>
    where
        T: ViewElement + Copy + TryInto<u32> + std::fmt::Display,
    {
        let array = match ArrayViewD::<T>::view_npy(bytes) {
            Ok(array) => array,
            Err(ViewNpyError::WrongDescriptor(_)) => return Ok(None),
            Err(cause) => return Err(unreadable(file, &cause, "an array of whole numbers")),
        };
        if !matches!(array.shape(), [_] | [_, 1]) {
            return Err(DataError::content(
                file,
                format!("shape {:?}", array.shape()),
                "(n) or (n, 1) labels",
                "write one label per image",
            ));
        }
        let label = |(at, &label): (usize, &T)| {
            label.try_into().map_err(|_| {
                DataError::content(
                    file,
                    format!("label {label} at image {at}"),
                    "labels from 0",
                    "number the classes from 0",
                )
            })
        };
        array.iter().enumerate().map(label).collect::<Result<_, _>>().map(Some)
    }
    let kinds = [of::<u8>, of::<i64>, of::<i32>, of::<u32>, of::<u64>, of::<i16>, of::<u16>, of::<i8>];
    for kind in kinds {
        if let Some(labels) = kind(file, bytes)? {
            return Ok(labels);
        }
    }
    Err(DataError::content(file, "labels of another type", "little-endian whole numbers", "write them as int64"))
}

fn unreadable(file: &Path, cause: &ViewNpyError, expected: &str) -> DataError {
    DataError::content(file, format!("another array ({cause})"), expected, "write it with numpy.save")
}
