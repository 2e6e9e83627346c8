//! SVHN, cropped digits (`train_32x32.mat`, `test_32x32.mat`, `extra_32x32.mat`).
//!
//! Variable `X` is (32, 32, 3, n) bytes (row, column, channel, image), `y` n numbers 1 to 10, where 10 means the digit 0; here
//! the label is the digit.
//!
//! Source: Netzer et al. 2011, <http://ufldl.stanford.edu/housenumbers/>.

use std::path::Path;

use super::error::{DataError, FETCH_AGAIN};
use super::image_set::ImageSet;
use oodbench::dump::format::mat;
use oodbench::rows::array::StoredArray;
use oodbench::rows::element::{Dtype, Endian};

/// Number of classes, the digits.
pub const CLASSES: usize = 10;

/// Reads one file.
///
/// # Errors
/// [`DataError`] if the file cannot be read, is no MATLAB file of version 5 to 7, lacks `X` or `y` in the form above, or
/// holds a label that is not 1 to 10.
pub fn read(name: &str, file: &Path) -> Result<ImageSet, DataError> {
    let wrong = |found: String, expected: &str| DataError::content(file, found, expected, FETCH_AGAIN);
    let arrays = mat::arrays(file)?;
    let variable = |name: &str| {
        let names: Vec<_> = arrays.iter().map(|(name, _)| name.as_str()).collect();
        let found = arrays.iter().find(|(found, _)| found == name);
        found.map(|(_, array)| array).ok_or_else(|| wrong(format!("variables [{}]", names.join(", ")), "`X` and `y`"))
    };
    let (x, y) = (variable("X")?, variable("y")?);
    let (images, shape) = images(x).ok_or_else(|| {
        wrong(format!("`X` of shape {:?}", x.shape), "bytes of shape [rows, columns, channels, images]")
    })?;
    let labels: Vec<f64> = y.numbers().collect();
    let count = images.len() / shape.iter().product::<usize>();
    if labels.len() != count {
        return Err(wrong(format!("{count} images and {} labels", labels.len()), "one label per image"));
    }
    let digit = |(number, label): (usize, f64)| match label {
        10.0 => Ok(0),
        1.0..10.0 if label.fract() == 0.0 => Ok(label as u32),
        _ => Err(wrong(format!("label {label} at image {number}"), "labels 1 to 10, where 10 is the digit 0")),
    };
    let labels = labels.into_iter().enumerate().map(digit).collect::<Result<Vec<_>, _>>()?;
    ImageSet::new(name, images, Some(labels), shape, Some(CLASSES))
}

/// From column-major (row, column, channel, image) to image, channel, row, column.
fn images(x: &StoredArray) -> Option<(Vec<u8>, [usize; 3])> {
    let stored = x.bytes();
    // MATLAB drops a last dimension of length 1.
    let (height, width, channels) = match x.shape[..] {
        [height, width, channels, _] | [height, width, channels] => (height, width, channels),
        _ => return None,
    };
    let plane = height * width;
    if x.dtype != Dtype::Unsigned(1, Endian::Little) || plane == 0 || channels == 0 || stored.is_empty() {
        return None;
    }
    let mut images = vec![0; stored.len()];
    for (target, source) in images.chunks_exact_mut(plane).zip(stored.chunks_exact(plane)) {
        for (row, line) in target.chunks_exact_mut(width).enumerate() {
            for (column, pixel) in line.iter_mut().enumerate() {
                *pixel = source[row + height * column];
            }
        }
    }
    Some((images, [channels, height, width]))
}
