//! Vectors and sequences of tokens in NumPy files, a folder per split.
//!
//! ```text
//! DIR/train/features.npy   (n, D) numbers: vectors          DIR/train/labels.npy   (n) classes from 0
//! DIR/train/tokens.npy     (n, L) whole numbers: tokens     DIR/vocab.txt          a token a line, where there is such a file
//! DIR/test/…               the same; a folder without splits is a test split
//! ```
//!
//! Any name will do for the one array beside `labels.npy`; of several, `features.npy` or `tokens.npy` is read. Floats are vectors, whole numbers are tokens; token 0
//! fills rows up. There are as many tokens as `vocab.txt` has lines, or as the largest number of both splits says; and as many classes as the largest label of both.

use std::path::{Path, PathBuf};

use bytemuck::NoUninit;
use oodbench::dump::format::npy;
use oodbench::printable::line;
use oodbench::rows::array::{StoredArray, shape_text};
use oodbench::rows::element::Dtype;

use super::array::decode_labels;
use super::element::{Element, Form};
use super::error::DataError;
use super::image_set::ImageSet;

/// The file of labels.
const LABELS: &str = "labels.npy";

/// The files that are taken where there are several.
const USUAL: [&str; 2] = ["features.npy", "tokens.npy"];

/// Numbers up to here are whole in `f32`, as batches are.
const MOST_TOKENS: usize = 1 << 24;

/// More tokens than that have a file that lists them: a stray number would make an embedding that no memory holds.
const MOST_COUNTED: usize = 1 << 18;

/// So many classes may be there in however few rows; more than that are not more than rows.
const MOST_CLASSES: usize = 1 << 16;

/// Reads the split `train`.
///
/// # Errors
/// [`DataError`] if it is not there or its files are none of the above.
pub fn train(name: &str, root: &Path) -> Result<ImageSet, DataError> {
    read(name, &root.join("train"), root)
}

/// Reads the split `test`, or the folder itself if it has no splits.
///
/// # Errors
/// As [`train`].
pub fn test(name: &str, root: &Path) -> Result<ImageSet, DataError> {
    read(name, &test_folder(root), root)
}

fn test_folder(root: &Path) -> PathBuf {
    let split = root.join("test");
    if split.is_dir() { split } else { root.to_owned() }
}

fn read(name: &str, folder: &Path, root: &Path) -> Result<ImageSet, DataError> {
    let own = Files::open(folder)?;
    let other = if folder == root.join("train") { root.join("test") } else { root.join("train") };
    let other = if other.is_dir() { Some(Files::open(&other)?) } else { None };
    if let Some(other) = other.iter().find(|other| other.are_vectors() != own.are_vectors()) {
        let expected =
            format!("numbers of the kind in {}, which are {}", other.array.path.display(), other.array.dtype);
        let found = own.array.dtype.to_string();
        return Err(DataError::content(&own.array.path, found, expected, "write both splits alike"));
    }
    let classes = [Some(&own), other.as_ref()].into_iter().flatten().filter_map(Files::classes).max();
    let are_vectors = own.are_vectors();
    let Files { array, labels } = own;
    let [_, width] = axes(&array)?;
    let (element, elements) = if are_vectors {
        (Element::Number, encoded(&array, |at, number| vector_value(&array, at, number))?)
    } else {
        let vocabulary = vocabulary(&array, other.as_ref().map(|other| &other.array), root)?;
        (Element::Token { vocabulary }, encoded(&array, |_, number| token(&array, number))?)
    };
    let classes = classes.filter(|_| labels.is_some());
    ImageSet::of(Form::rows(element, width), name, elements, labels, classes)
}

/// What a split consists of.
struct Files {
    array: StoredArray,
    labels: Option<Vec<u32>>,
}

impl Files {
    fn open(folder: &Path) -> Result<Self, DataError> {
        let array = npy::open(&array_of(folder)?)?;
        let file = folder.join(LABELS);
        let labels = if file.is_file() { Some(labels(&file, &array)?) } else { None };
        Ok(Self { array, labels })
    }

    fn are_vectors(&self) -> bool {
        matches!(self.array.dtype, Dtype::Float(..))
    }

    fn classes(&self) -> Option<usize> {
        self.labels.as_ref().map(|labels| labels.iter().max().map_or(0, |largest| *largest as usize + 1))
    }
}

/// The classes of the rows of an array.
fn labels(file: &Path, of: &StoredArray) -> Result<Vec<u32>, DataError> {
    let labels = decode_labels(npy::open(file)?)?;
    let most = MOST_CLASSES.max(of.shape.first().copied().unwrap_or(0));
    match labels.iter().position(|label| *label as usize >= most) {
        Some(at) => {
            let found = format!("label {} in row {at}", labels[at]);
            let remedy = "number the classes from 0 without gaps";
            Err(DataError::content(file, found, format!("labels 0 to {}", most - 1), remedy))
        }
        None => Ok(labels),
    }
}

/// The one array of a folder beside its labels.
fn array_of(folder: &Path) -> Result<PathBuf, DataError> {
    if let Some(usual) = USUAL.iter().map(|name| folder.join(name)).find(|file| file.is_file()) {
        return Ok(usual);
    }
    let wrong = |found: String| {
        DataError::content(
            folder,
            found,
            "features.npy, tokens.npy or one other .npy beside labels.npy",
            "write one of them",
        )
    };
    let entries = std::fs::read_dir(folder).map_err(|error| wrong(error.to_string()))?;
    let mut arrays: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "npy") && !path.ends_with(LABELS))
        .collect();
    arrays.sort();
    match arrays.len() {
        0 => Err(wrong("none".to_owned())),
        1 => Ok(arrays.swap_remove(0)),
        _ => {
            let names =
                arrays.iter().filter_map(|path| path.file_name()).map(|name| line(&name.to_string_lossy()).to_string());
            Err(wrong(names.collect::<Vec<_>>().join(", ")))
        }
    }
}

fn axes(array: &StoredArray) -> Result<[usize; 2], DataError> {
    match (array.shape.as_slice(), array.fortran) {
        (&[rows, columns], false) => Ok([rows, columns]),
        (_, fortran) => {
            let order = if fortran { ", column by column" } else { "" };
            let found = format!("shape {}{order}", shape_text(&array.shape));
            Err(DataError::content(
                &array.path,
                found,
                "two axes (n, columns), row by row",
                "write numpy.ascontiguousarray of it",
            ))
        }
    }
}

/// The bytes of the elements that are made of the numbers of an array, each by its place: nothing else of the rows is in memory.
fn encoded<T: NoUninit>(
    array: &StoredArray,
    element: impl Fn(usize, f64) -> Result<T, DataError>,
) -> Result<Vec<u8>, DataError> {
    let count = array.bytes().len() / array.dtype.size().unwrap_or(1);
    let mut bytes = Vec::with_capacity(count * size_of::<T>());
    for (at, number) in array.numbers().enumerate() {
        bytes.extend_from_slice(bytemuck::bytes_of(&element(at, number)?));
    }
    Ok(bytes)
}

/// A value of a vector, at this place of an array.
fn vector_value(array: &StoredArray, at: usize, number: f64) -> Result<f32, DataError> {
    let value = number as f32;
    if value.is_finite() {
        return Ok(value);
    }
    let columns = array.shape[1].max(1);
    let found = format!("{value} in row {}, column {}", at / columns, at % columns);
    Err(DataError::content(&array.path, found, "finite numbers", "correct or leave out the row"))
}

/// The number of a token in an array.
fn token(array: &StoredArray, number: f64) -> Result<u32, DataError> {
    if (0.0..MOST_TOKENS as f64).contains(&number) && number.fract() == 0.0 {
        return Ok(number as u32);
    }
    let expected = format!("numbers of tokens from 0 to {}", MOST_TOKENS - 1);
    let remedy = "number the tokens from 0; write vectors as floats";
    Err(DataError::content(&array.path, number.to_string(), expected, remedy))
}

/// How many tokens the numbers of an array are of: one more than the largest.
fn count(array: &StoredArray) -> Result<usize, DataError> {
    if !matches!(array.dtype, Dtype::Signed(..) | Dtype::Unsigned(..)) {
        let found = array.dtype.to_string();
        return Err(DataError::content(&array.path, found, "floats or whole numbers", "convert it"));
    }
    let mut count = 0;
    for number in array.numbers() {
        count = count.max(token(array, number)? as usize + 1);
    }
    Ok(count)
}

/// How many tokens there are, by a split and the other.
fn vocabulary(own: &StoredArray, other: Option<&StoredArray>, root: &Path) -> Result<usize, DataError> {
    let file = root.join("vocab.txt");
    if file.is_file() {
        let text = std::fs::read_to_string(&file)
            .map_err(|error| DataError::content(&file, error.to_string(), "text", "check the file"))?;
        let (lines, count) = (text.lines().count(), count(own)?);
        if count > lines {
            let found = format!("{lines} tokens, and number {} in {}", count - 1, own.path.display());
            let remedy = "take the vocabulary of these rows";
            return Err(DataError::content(&file, found, "a line for every token", remedy));
        }
        return Ok(lines);
    }
    let (own, other) = ((count(own)?, own), other.map(|other| Ok::<_, DataError>((count(other)?, other))).transpose()?);
    let (most, array) = other.filter(|other| other.0 > own.0).unwrap_or(own);
    if most > MOST_COUNTED {
        let (found, expected) =
            (format!("token {}", most - 1), format!("tokens below {MOST_COUNTED} without a vocab.txt"));
        let remedy = "number the tokens without gaps, or list them in vocab.txt";
        return Err(DataError::content(&array.path, found, expected, remedy));
    }
    Ok(most)
}
