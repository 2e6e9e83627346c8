//! Arrays in every way NumPy stores them (`fixtures/npy/make_npy.py`), and files that are not what they should be.

use std::path::PathBuf;

use oodbench::dump::format::{npy, npz};
use oodbench::dump::layout::Source;
use oodbench::rows::labels::Labels;
use oodbench::rows::matrix::Matrix;
use oodbench::rows::{RowsError, check};
use serde_json::Value;

fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(super::common::fixture("npy/expected.json")).unwrap()).unwrap()
}

/// Values of a precision, by bits, so that −0 and subnormals count.
fn rows(value: &Value) -> Vec<u64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|v| v.as_f64().unwrap().to_bits())
        .collect()
}

fn bits(matrix: &Matrix) -> Vec<u64> {
    matrix.block(0..matrix.rows()).to_f64().iter().map(|v| v.to_bits()).collect()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(super::common::fixture(folder)).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
}

fn open_error(name: &str) -> String {
    let path = super::common::fixture("npy/defective").join(name);
    let opened = npy::open(&path).and_then(|array| Ok(Matrix::new(vec![array])?));
    let error = opened.and_then(|matrix| Ok(check::finite(&matrix, &|_| {})?)).unwrap_err();
    let text = error.to_string();
    assert!(!text.contains('\n') && text.contains(name), "{text}");
    text
}

#[test]
fn every_float_order_and_version() {
    let expected = expected();
    let mut seen = 0;
    for path in files("npy/arrays") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let precision = name.split('_').next().unwrap();
        let matrix = Matrix::new(vec![npy::open(&path).unwrap()]).unwrap();
        assert_eq!((matrix.rows(), matrix.columns()), (7, 5), "{name}");
        assert_eq!(bits(&matrix), rows(&expected["logits"][precision]), "{name}");
        // A part of the rows is the same as that part of the whole.
        let part: Vec<u64> = matrix.block(2..5).to_f64().iter().map(|v| v.to_bits()).collect();
        assert_eq!(part, bits(&matrix)[10..25], "{name}");
        seen += 1;
    }
    assert_eq!(seen, 16);
}

#[test]
fn archives_stored_and_deflated() {
    let expected = expected();
    for path in files("npy/archives") {
        for member in npz::members(&path).unwrap() {
            let array = npz::open(&path, &member).unwrap();
            if member == "logits" {
                assert_eq!(
                    bits(&Matrix::new(vec![array]).unwrap()),
                    rows(&expected["logits"]["f32"]),
                    "{}",
                    path.display()
                );
            } else {
                assert_eq!(Labels::new(vec![array]).unwrap().len(), 7, "{} {member}", path.display());
            }
        }
    }
}

#[test]
fn shards_are_one_array() {
    let arrays = files("npy/shards").iter().map(|path| npy::open(path).unwrap()).collect();
    let matrix = Matrix::new(arrays).unwrap();
    assert_eq!(matrix.shard_count(), 3);
    assert_eq!(bits(&matrix), rows(&expected()["logits"]["f32"]));
    let across: Vec<u64> = matrix.block(1..6).to_f64().iter().map(|v| v.to_bits()).collect();
    assert_eq!(across, bits(&matrix)[5..30]);
}

#[test]
fn labels_of_every_integer_type() {
    let expected = expected();
    let mut seen = 0;
    for path in files("npy/labels") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let labels = Labels::new(vec![npy::open(&path).unwrap()]).unwrap();
        let truth = &expected[if name == "bool" { "bool_labels" } else { "labels" }];
        let truth: Vec<i64> = truth.as_array().unwrap().iter().map(|label| label.as_i64().unwrap()).collect();
        assert_eq!(labels.block(0..labels.len()), truth, "{name}");
        assert_eq!(labels.block(2..4), truth[2..4], "{name}");
        seen += 1;
    }
    assert_eq!(seen, 10);
}

#[test]
fn defective_files_say_what_is_wrong() {
    let cases = [
        ("bad_magic.npy", "no .npy header"),
        ("complex.npy", "found dtype"),
        ("empty.npy", ""),
        ("nan_row_3.npy", "the first is row 3"),
        ("object.npy", "found Python objects"),
        ("one_dimensional.npy", "found shape (7,), expected shape (rows, columns)"),
        ("three_dimensional.npy", "found shape (1, 7, 5)"),
        ("truncated_data.npy", "the file is truncated"),
        ("truncated_header.npy", "no .npy header"),
    ];
    for (name, message) in cases {
        if !message.is_empty() {
            let text = open_error(name);
            assert!(text.contains(message), "{text}");
        }
    }
    // No rows is no defect of a file; a split refuses it.
    let empty = npy::open(&super::common::fixture("npy/defective/empty.npy")).unwrap();
    assert_eq!(Matrix::new(vec![empty]).unwrap().rows(), 0);
}

#[test]
fn a_float_is_no_label_and_a_label_no_logit() {
    let float = npy::open(&super::common::fixture("npy/arrays/f32.npy")).unwrap();
    assert!(matches!(Labels::new(vec![float]), Err(RowsError::Malformed { .. })));
    let label = Source::of(&super::common::fixture("npy/labels/i64.npy")).unwrap().open().unwrap();
    assert!(matches!(Matrix::new(vec![label]), Err(RowsError::Malformed { .. })));
}
