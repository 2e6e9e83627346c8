//! One array per input: whoever has a tokenizer or a spectrogram in another program has these.

use std::ops::Range;
use std::path::Path;

use oodbench::dump::format::npy;
use oodbench::rows::Labels;
use oodbench::rows::array::{StoredArray, shape_text};
use oodbench::rows::element::Dtype;

use super::{Source, batch_size};
use crate::error::OnnxError;
use crate::graph::{Axis, Kind, ModelInput};
use crate::runtime::{Input, Numbers};

/// Arrays in a folder.
pub struct Arrays {
    name: String,
    rows: usize,
    inputs: Vec<(ModelInput, StoredArray)>,
    labels: Option<Vec<i64>>,
}

impl Arrays {
    /// Opens `FOLDER/INPUT.npy` for each input, and `FOLDER/labels.npy` if it is there.
    ///
    /// A file's name has `_` where an input's has a separator.
    ///
    /// # Errors
    /// [`OnnxError`] if a file is missing or malformed, has a shape or type that its input does not take, or other rows than the first.
    pub fn open(folder: &Path, inputs: &[ModelInput]) -> Result<Self, OnnxError> {
        let file_name = |input: &ModelInput| format!("{}.npy", input.name.replace(['/', '\\'], "_"));
        for (at, input) in inputs.iter().enumerate() {
            let name = file_name(input);
            if name == "labels.npy" {
                let expected = "another name, as labels.npy has the classes";
                return Err(OnnxError::content(folder.display(), input.text(), expected, "rename the model's input"));
            }
            if let Some(other) = inputs[..at].iter().find(|other| file_name(other) == name) {
                let found = format!("the inputs {:?} and {:?} for one file, {name}", other.name, input.name);
                return Err(OnnxError::content(folder.display(), found, "distinct names", "rename the model's inputs"));
            }
        }
        let mut rows = None;
        let mut arrays = Vec::new();
        for input in inputs {
            let file = folder.join(file_name(input));
            if !file.exists() {
                let expected = format!("an array for the input {}", input.text());
                return Err(OnnxError::file(&file, "no file", expected, "save it with numpy.save"));
            }
            let array = npy::open(&file)?;
            check(&array, input)?;
            let first = *rows.get_or_insert(array.shape[0]);
            if array.shape[0] != first {
                let expected = format!("{first}, as the array of {} has", inputs[0].name);
                let found = format!("{} rows", array.shape[0]);
                return Err(OnnxError::file(&file, found, expected, "save all inputs of the same rows"));
            }
            arrays.push((input.clone(), array));
        }
        let file = folder.join("labels.npy");
        let labels = match file.exists() {
            true => {
                let labels = Labels::new(vec![npy::open(&file)?])?;
                Some(labels.block(0..labels.len()))
            }
            false => None,
        };
        let rows = rows.unwrap_or(0);
        if let Some(labels) = labels.as_ref().filter(|labels| labels.len() != rows) {
            let found = format!("{} labels", labels.len());
            return Err(OnnxError::file(&file, found, format!("{rows}, one per row"), "save them of the same rows"));
        }
        if rows == 0 {
            return Err(OnnxError::file(folder, "no rows", "at least one", "leave the set out"));
        }
        Ok(Self { name: folder.display().to_string(), rows, inputs: arrays, labels })
    }
}

/// Refuses an array that its input does not take.
fn check(array: &StoredArray, input: &ModelInput) -> Result<(), OnnxError> {
    let wrong =
        |found: String, expected: String, remedy: &str| Err(OnnxError::file(&array.path, found, expected, remedy));
    if array.shape.is_empty() {
        return wrong("a single number".to_owned(), "rows".to_owned(), "save an array with an axis of rows");
    }
    if array.shape[1..].contains(&0) {
        let found = format!("shape {}", shape_text(&array.shape));
        return wrong(found, "rows with numbers in them".to_owned(), "leave the set out");
    }
    let lengths = array.shape.iter().zip(&input.axes).skip(1);
    let fits = lengths.clone().all(|(length, axis)| matches!(axis, Axis::Free(_)) || *axis == Axis::Fixed(*length));
    if !input.axes.is_empty() && (array.shape.len() != input.axes.len() || !fits) {
        let found = format!("shape {}", shape_text(&array.shape));
        return wrong(found, input.text(), "save the rows as the network takes them");
    }
    if array.fortran && array.shape.len() > 1 {
        let expected = "rows one after the other".to_owned();
        return wrong("an array in Fortran order".to_owned(), expected, "save numpy.ascontiguousarray of it");
    }
    let fits = matches!(
        (&array.dtype, input.kind),
        (Dtype::Float(..), Kind::Float)
            | (Dtype::Signed(..) | Dtype::Unsigned(..), Kind::Float | Kind::Integer)
            | (Dtype::Unsigned(1, _), Kind::Byte)
            | (Dtype::Signed(1, _), Kind::SignedByte)
    );
    match fits {
        true => Ok(()),
        false => wrong(array.dtype.to_string(), input.text(), "save it with that type (array.astype)"),
    }
}

impl Source for Arrays {
    fn name(&self) -> &str {
        &self.name
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }

    fn batch(&self, rows: Range<usize>) -> Result<Vec<Input>, OnnxError> {
        self.inputs.iter().map(|(input, array)| part(input, array, rows.clone())).collect()
    }
}

fn part(input: &ModelInput, array: &StoredArray, rows: Range<usize>) -> Result<Input, OnnxError> {
    let width: usize = array.shape[1..].iter().product();
    batch_size(&array.path.display().to_string(), rows.len(), width)?;
    let values = array.numbers_of(rows.start * width..rows.end * width);
    let single = |(at, value): (usize, f64)| {
        let single = value as f32;
        // What is infinite in the file is fed as it is, since some networks mask with it.
        (single.is_finite() || !value.is_finite()).then_some(single).ok_or_else(|| {
            let found = format!("the number {value:e} in row {}", rows.start + at / width);
            let remedy = "scale the rows as the network takes them";
            OnnxError::file(&array.path, found, "numbers that single precision has, below 3.4e38", remedy)
        })
    };
    let integer = |value: f64| {
        let whole = value as i32;
        // Wider integers would be clamped by the runtime in silence.
        (f64::from(whole) == value).then_some(whole).ok_or_else(|| {
            OnnxError::file(&array.path, format!("the number {value}"), "integers of 32 bits", "number the tokens so")
        })
    };
    let numbers = match input.kind {
        Kind::Float => Numbers::Float(values.enumerate().map(single).collect::<Result<_, _>>()?),
        Kind::Integer => Numbers::Integer(values.map(integer).collect::<Result<_, _>>()?),
        Kind::Byte => Numbers::Byte(values.map(|value| value as u8).collect()),
        Kind::SignedByte => Numbers::SignedByte(values.map(|value| value as i8).collect()),
    };
    let shape = std::iter::once(rows.len()).chain(array.shape[1..].iter().copied()).collect();
    Ok(Input { name: input.name.clone(), shape, numbers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_input_has_a_file_of_its_own() {
        let refused = |names: &[&str]| {
            let axes = vec![Axis::Free("n".to_owned()), Axis::Fixed(2)];
            let input = |name: &&str| ModelInput { name: (*name).to_owned(), kind: Kind::Float, axes: axes.clone() };
            Arrays::open(Path::new("rows"), &names.iter().map(input).collect::<Vec<_>>()).err().unwrap().to_string()
        };
        let error = refused(&["labels"]);
        assert!(error.starts_with("rows: found labels (n, 2) float, expected another name, as labels.npy"), "{error}");
        let error = refused(&["a/b", "c", "a_b"]);
        assert!(error.contains("found the inputs \"a/b\" and \"a_b\" for one file, a_b.npy"), "{error}");
    }

    /// A file of numbers of 64 bits, as numpy.save writes it.
    fn saved(folder: &Path, shape: &str, values: &[f64]) {
        let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        std::fs::write(folder.join("x.npy"), bytes).unwrap();
    }

    fn input(width: Axis) -> [ModelInput; 1] {
        let axes = vec![Axis::Free("n".to_owned()), width];
        [ModelInput { name: "x".to_owned(), kind: Kind::Float, axes }]
    }

    #[test]
    fn numbers_beyond_single_precision_are_no_infinity() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path(), "(3, 2)", &[1.5, f64::INFINITY, 3.4e38, -3.4e38, 0.0, -1e39]);
        let rows = Arrays::open(folder.path(), &input(Axis::Fixed(2))).unwrap();
        let numbers = Numbers::Float(vec![1.5, f32::INFINITY, 3.4e38, -3.4e38]);
        assert_eq!(rows.batch(0..2).unwrap()[0].numbers, numbers);
        let error = rows.batch(1..3).unwrap_err().to_string();
        let found = "x.npy: found the number -1e39 in row 2, expected numbers that single precision has";
        assert!(error.contains(found), "{error}");
    }

    #[test]
    fn rows_have_numbers() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path(), "(3, 0)", &[]);
        let error = Arrays::open(folder.path(), &input(Axis::Free("width".to_owned()))).err().unwrap().to_string();
        assert!(error.contains("x.npy: found shape (3, 0), expected rows with numbers in them"), "{error}");
    }
}
