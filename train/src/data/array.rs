//! Images in NumPy files: `.npy`, or `.npz` with images and labels under the usual names.
//!
//! Images are bytes of shape (n, rows, columns), (n, rows, columns, channels) or (n, channels, rows, columns) with 1 or 3
//! channels; labels are whole numbers of shape (n) or (n, 1). Python objects (pickles) are not read.

use std::path::Path;

use ndarray::{ArrayViewD, Axis, IxDyn, ShapeBuilder as _};
use oodbench::dump::format::{npy, npz};
use oodbench::printable::line;
use oodbench::rows::Labels;
use oodbench::rows::array::StoredArray;
use oodbench::rows::element::Dtype;

use super::error::DataError;
use super::image_set::ImageSet;

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
    let labels = labels.map(|file| decode_labels(open(file, None)?)).transpose()?;
    let (pixels, shape) = decode_images(&open(images, None)?, layout)?;
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
    let members = npz::members(archive)?;
    let find = |names: &'static [&'static str]| {
        names.iter().find(|name| members.iter().any(|member| member == *name)).copied()
    };
    let images = find(part.image_names()).ok_or_else(|| {
        DataError::content(
            archive,
            format!("arrays [{}]", line(&members.join(", "))),
            format!("images under one of {}", part.image_names().join(", ")),
            "rename the array",
        )
    })?;
    let (pixels, shape) = decode_images(&open(archive, Some(images))?, layout)?;
    let labels = find(part.label_names()).map(|member| decode_labels(open(archive, Some(member))?)).transpose()?;
    assemble(name, pixels, shape, labels, classes)
}

fn open(file: &Path, member: Option<&str>) -> Result<StoredArray, DataError> {
    Ok(match member {
        Some(member) => npz::open(file, member)?,
        None => npy::open(file)?,
    })
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

fn decode_images(array: &StoredArray, layout: Option<Layout>) -> Result<(Vec<u8>, [usize; 3]), DataError> {
    let wrong = |found: String, expected: &str, remedy: &str| DataError::content(&array.path, found, expected, remedy);
    let Dtype::Unsigned(1, _) = array.dtype else {
        return Err(wrong(array.dtype.to_string(), "an array of bytes (uint8)", "write it with numpy.save"));
    };
    let shape = IxDyn(&array.shape).set_f(array.fortran);
    let pixels = ArrayViewD::<u8>::from_shape(shape, array.bytes())
        .map_err(|error| wrong(error.to_string(), "an array of bytes (uint8)", "write it with numpy.save"))?;
    let channel = |length: usize| length == 1 || length == 3;
    let nchw = match *pixels.shape() {
        [_, _, _] => pixels.insert_axis(Axis(1)),
        [_, first, _, last] => {
            let layout = match (channel(first), channel(last), layout) {
                (true, _, Some(Layout::Nchw)) | (true, false, None) => Layout::Nchw,
                (_, true, Some(Layout::Nhwc)) | (false, true, None) => Layout::Nhwc,
                (true, true, None) => {
                    return Err(wrong(
                        format!("shape {:?}", array.shape),
                        "channels in the second or in the last place, not in both",
                        "save grey images as (n, rows, columns), others with the channels in one place only",
                    ));
                }
                _ => {
                    return Err(wrong(
                        format!("shape {:?}", array.shape),
                        "1 or 3 channels",
                        "save them in that shape",
                    ));
                }
            };
            match layout {
                Layout::Nchw => pixels,
                Layout::Nhwc => pixels.permuted_axes(vec![0, 3, 1, 2]),
            }
        }
        _ => {
            return Err(wrong(format!("shape {:?}", array.shape), "3 or 4 dimensions", "save them in that shape"));
        }
    };
    let shape = [nchw.shape()[1], nchw.shape()[2], nchw.shape()[3]];
    Ok((nchw.iter().copied().collect(), shape))
}

pub(super) fn decode_labels(array: StoredArray) -> Result<Vec<u32>, DataError> {
    let path = array.path.clone();
    let labels = Labels::new(vec![array])?;
    let label = |(at, label): (usize, i64)| {
        u32::try_from(label).map_err(|_| {
            DataError::content(
                &path,
                format!("label {label} at image {at}"),
                "labels from 0",
                "number the classes from 0",
            )
        })
    };
    labels.block(0..labels.len()).into_iter().enumerate().map(label).collect()
}
