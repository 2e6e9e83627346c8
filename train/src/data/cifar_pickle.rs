//! CIFAR-10 and CIFAR-100, Python version (`data_batch_1`, `train`, ...).
//!
//! Each file is a pickled dictionary: `data`, a NumPy array (n, 3072) of bytes, and `labels` (CIFAR-10) or `fine_labels`
//! (CIFAR-100), a list of integers.
//!
//! The pickle is decoded and never run: only plain data and NumPy arrays are let through.

use std::path::Path;

use super::cifar::{Cifar, PIXELS, SHAPE, check_label};
use super::error::{DataError, FETCH_AGAIN};
use super::image_set::ImageSet;
use super::read;
use oodbench::dump::format::pickle::{Pickle, Value};

/// What NumPy writes for an array.
const FUNCTIONS: &[&str] =
    &["numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"];

/// Reads pickled files one after the other into one set.
///
/// # Errors
/// [`DataError`] if a file cannot be read, is not such a pickle, or its images and labels do not match.
pub fn read(name: &str, cifar: Cifar, files: &[impl AsRef<Path>]) -> Result<ImageSet, DataError> {
    let mut images = Vec::new();
    let mut labels = Vec::new();
    for file in files {
        read_one(file.as_ref(), cifar, &mut images, &mut labels)?;
    }
    ImageSet::new(name, images, Some(labels), SHAPE, Some(cifar.classes() as usize))
}

fn read_one(file: &Path, cifar: Cifar, images: &mut Vec<u8>, labels: &mut Vec<u32>) -> Result<(), DataError> {
    let wrong = |found: String, expected: &str| DataError::content(file, found, expected, FETCH_AGAIN);
    let bytes = read::bytes_or_gzip(file)?;
    let pickle = Pickle::decode(&bytes, FUNCTIONS)
        .map_err(|found| wrong(found, "a pickled dictionary of plain data and arrays"))?;
    let entry = |key: &str| {
        pickle.entry(key).ok_or_else(|| wrong(format!("no entry `{key}`"), "the entries of this CIFAR version"))
    };
    let key = match cifar {
        Cifar::Ten => "labels",
        Cifar::Hundred => "fine_labels",
    };
    let (rows, pixels) = numpy_bytes(&pickle, entry("data")?)
        .ok_or_else(|| wrong("another entry `data`".into(), "a NumPy array (n, 3072) of bytes"))?;
    let Value::List(found) = entry(key)? else {
        return Err(wrong(format!("another entry `{key}`"), "a list of integers"));
    };
    if found.len() != rows {
        return Err(wrong(format!("{rows} images and {} labels", found.len()), "one label per image"));
    }
    for (number, &label) in found.iter().enumerate() {
        let Value::Int(label) = *pickle.get(label) else {
            return Err(wrong(format!("another `{key}` entry at {number}"), "an integer"));
        };
        let label = u32::try_from(label).unwrap_or(u32::MAX);
        check_label(file, cifar, number, label)?;
        labels.push(label);
    }
    images.reserve_exact(pixels.len());
    images.extend_from_slice(pixels);
    Ok(())
}

/// Rows and bytes of a pickled NumPy array (n, 3072) of bytes in C order.
///
/// NumPy restores an array from the state (version, shape, element type, Fortran order, bytes), and an element type from
/// (version, byte order, ...), where byte order `|` means elements of one byte.
fn numpy_bytes<'a>(pickle: &'a Pickle<'_>, array: &Value<'_>) -> Option<(usize, &'a [u8])> {
    let [_, shape, element, fortran, bytes] = *state(pickle, array)? else { return None };
    let Value::Tuple(shape) = pickle.get(shape) else { return None };
    let [rows, columns] = shape[..] else { return None };
    let (Value::Int(rows), Value::Int(columns)) = (pickle.get(rows), pickle.get(columns)) else { return None };
    let (Value::Bool(false), Value::Bytes(bytes)) = (pickle.get(fortran), pickle.get(bytes)) else { return None };
    let order = *state(pickle, pickle.get(element))?.get(1)?;
    let one_byte = matches!(pickle.get(order), Value::Bytes(order) if **order == *b"|");
    let rows = usize::try_from(*rows).ok()?;
    let whole = *columns == PIXELS as i64 && rows > 0 && rows.checked_mul(PIXELS) == Some(bytes.len());
    (one_byte && whole).then_some((rows, bytes))
}

fn state<'a>(pickle: &'a Pickle<'_>, value: &Value<'_>) -> Option<&'a [usize]> {
    match value {
        Value::Call { state: Some(state), .. } => match pickle.get(*state) {
            Value::Tuple(state) => Some(state),
            _ => None,
        },
        _ => None,
    }
}
