//! CIFAR-10 and CIFAR-100, binary version (`data_batch_1.bin`, `train.bin`, ...).
//!
//! ```text
//! CIFAR-10:  label (1 byte), 3072 bytes: red, green, blue plane of 32 rows of 32
//! CIFAR-100: coarse label, fine label, 3072 bytes
//! ```
//! Nothing marks a beginning, so length and labels are all that can be checked; the md5 sums do the rest. The coarse labels
//! of CIFAR-100 (20 groups) are not used.
//!
//! Source: Krizhevsky 2009, <https://www.cs.toronto.edu/~kriz/cifar.html>.

use std::path::Path;

use super::error::{DataError, FETCH_AGAIN};
use super::image_set::ImageSet;
use super::read;

/// Which of the two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cifar {
    /// 10 classes.
    Ten,
    /// 100 classes.
    Hundred,
}

impl Cifar {
    /// Number of classes.
    #[must_use]
    pub const fn classes(self) -> u32 {
        match self {
            Self::Ten => 10,
            Self::Hundred => 100,
        }
    }

    /// Bytes before the pixels of a binary record; the last is the (fine) label.
    const fn label_bytes(self) -> usize {
        match self {
            Self::Ten => 1,
            Self::Hundred => 2,
        }
    }
}

/// (channels, height, width) of every CIFAR image.
pub const SHAPE: [usize; 3] = [3, 32, 32];

/// Bytes of one image.
pub(super) const PIXELS: usize = 3 * 32 * 32;

/// Reads binary files one after the other into one set.
///
/// # Errors
/// [`DataError`] if a file cannot be read, is no whole number of records, or holds a label out of range.
pub fn read(name: &str, cifar: Cifar, files: &[impl AsRef<Path>]) -> Result<ImageSet, DataError> {
    let record = cifar.label_bytes() + PIXELS;
    let mut images = Vec::new();
    let mut labels = Vec::new();
    for file in files {
        let file = file.as_ref();
        let bytes = read::bytes_or_gzip(file)?;
        if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
            return Err(DataError::content(
                file,
                format!("{} bytes", bytes.len()),
                format!("a multiple of {record}, the record of {} classes", cifar.classes()),
                FETCH_AGAIN,
            ));
        }
        images.reserve(bytes.len());
        for (number, record) in bytes.chunks_exact(record).enumerate() {
            let (head, pixels) = record.split_at(cifar.label_bytes());
            let label = u32::from(head[cifar.label_bytes() - 1]);
            check_label(file, cifar, number, label)?;
            labels.push(label);
            images.extend_from_slice(pixels);
        }
    }
    ImageSet::new(name, images, Some(labels), SHAPE, Some(cifar.classes() as usize))
}

pub(super) fn check_label(file: &Path, cifar: Cifar, number: usize, label: u32) -> Result<(), DataError> {
    if label < cifar.classes() {
        return Ok(());
    }
    Err(DataError::content(
        file,
        format!("label {label} at image {number}"),
        format!("labels 0 to {}", cifar.classes() - 1),
        FETCH_AGAIN,
    ))
}
