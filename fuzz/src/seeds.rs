//! Sound files to start from: those of `fixtures/`, and small ones made here.

use std::io::Write as _;
use std::path::Path;

use ndarray::Array2;
use ndarray_npy::WriteNpyExt as _;
use oodbench::detector::{Guarantee, Request, calibrate};
use oodbench::dump::layout::discover;
use oodbench::eval::fits;
use oodbench::metric::PROCEDURES;
use oodbench::progress::Silent;
use oodbench::table::Record;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Files of a folder of `fixtures/` with an ending (or any), no longer than an input may be.
#[must_use]
pub fn fixtures(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let wanted = files.into_iter().filter(|file| file.is_file() && file.to_string_lossy().ends_with(ending));
    let read: Vec<Vec<u8>> = wanted.map(|file| std::fs::read(file).unwrap()).collect();
    read.into_iter().filter(|bytes| bytes.len() <= 1 << 15).collect()
}

/// An archive of stored or deflated members.
#[must_use]
pub fn zip(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The pickle of a `state_dict` with a matrix, a transposed matrix and a whole number, as PyTorch writes it.
#[must_use]
pub fn state_dict() -> Vec<u8> {
    let text = |text: &str| [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let tensor = |name: &str, storage: &str, shape: [u8; 2], strides: [u8; 2]| {
        [
            &text(name)[..],
            b"ctorch._utils\n_rebuild_tensor_v2\n((",
            &text("storage"),
            format!("ctorch\n{storage}\n").as_bytes(),
            &text("0"),
            &text("cpu"),
            &[b'K', 16, b't', b'Q', b'K', 0],
            &[b'K', shape[0], b'K', shape[1], 0x86, b'K', strides[0], b'K', strides[1], 0x86],
            b"\x89ccollections\nOrderedDict\n)RtR",
        ]
        .concat()
    };
    [
        &b"\x80\x02ccollections\nOrderedDict\n)R("[..],
        &tensor("a.weight", "FloatStorage", [4, 4], [4, 1]),
        &tensor("b.weight", "HalfStorage", [2, 8], [1, 2]),
        &tensor("c.bias", "LongStorage", [8, 1], [1, 1]),
        b"u.",
    ]
    .concat()
}

/// A `.pth` file around a pickle.
#[must_use]
pub fn pth(pickle: &[u8]) -> Vec<u8> {
    let members: [(&str, &[u8]); 3] = [("a/data.pkl", pickle), ("a/byteorder", b"little"), ("a/data/0", &[0; 64])];
    zip(&members, CompressionMethod::Stored)
}

/// A safetensors file of two small tensors.
#[must_use]
pub fn safetensors() -> Vec<u8> {
    let header = br#"{"a":{"dtype":"F32","shape":[4,2],"data_offsets":[0,32]},"b":{"dtype":"I64","shape":[4],"data_offsets":[32,64]}}"#;
    [&(header.len() as u64).to_le_bytes()[..], header, &[1; 64]].concat()
}

/// A folder with a run of a few rows.
///
/// # Panics
/// If it cannot be written.
pub fn run(folder: &Path) {
    for (split, rows) in [("id/train", 12), ("id/test", 6), ("ood/a", 5)] {
        let place = folder.join(split);
        std::fs::create_dir_all(&place).unwrap();
        let value = |(i, j): (usize, usize)| ((i * 7 + j * 3) % 11) as f32 - 4.0;
        ndarray_npy::write_npy(place.join("logits.npy"), &Array2::from_shape_fn((rows, 3), value)).unwrap();
        ndarray_npy::write_npy(place.join("features.npy"), &Array2::from_shape_fn((rows, 4), value)).unwrap();
    }
    let labels: Vec<i64> = (0..12).map(|i| i % 3).collect();
    ndarray_npy::write_npy(folder.join("id/train/labels.npy"), &ndarray::Array1::from(labels)).unwrap();
}

/// Two records, one without a value.
#[must_use]
pub fn records() -> Vec<Record> {
    let procedure = &PROCEDURES[0];
    let record = |run: &str, value| Record {
        run: run.to_owned(),
        ood: "svhn".to_owned(),
        group: Some("far".to_owned()),
        score: "energy".to_owned(),
        procedure: procedure.id.to_owned(),
        metric: procedure.metrics[0].id.to_owned(),
        value,
        missing: value.is_none().then(|| "no labels".to_owned()),
        seed: Some(3),
        ..Record::default()
    };
    vec![record("a", Some(0.9)), record("b", None)]
}

/// The weights of a head of the run of [`run`], in single and in double precision.
#[must_use]
pub fn weights() -> Vec<Vec<u8>> {
    let value = |(i, j): (usize, usize)| (i * 4 + j) as f64 / 8.0 - 0.5;
    let wide = Array2::from_shape_fn((3, 4), value);
    let (mut single, mut double) = (Vec::new(), Vec::new());
    wide.mapv(|value| value as f32).write_npy(&mut single).unwrap();
    wide.write_npy(&mut double).unwrap();
    vec![single, double]
}

/// A file of the fits of a small run.
///
/// # Panics
/// If the run cannot be written or fitted.
#[must_use]
pub fn fits() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    let files = discover(folder.path()).unwrap().remove(0);
    let scores: Vec<String> = ["mahalanobis", "relative_mahalanobis"].iter().map(ToString::to_string).collect();
    let selection = oodbench::eval::Selection::new(&scores, &[]).unwrap();
    let plan = oodbench::eval::Plan::of_fit(&files, &selection).unwrap();
    let fitted = fits::fit(&plan).unwrap();
    let mut bytes = Vec::new();
    fits::write(&mut bytes, &fitted, fits::describe(&plan, &fitted)).unwrap();
    bytes
}

/// A detector of a small run, calibrated on half of its test rows.
///
/// # Panics
/// If the run cannot be written or the detector not be made.
#[must_use]
pub fn detector() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    let files = discover(folder.path()).unwrap().remove(0);
    let selection = oodbench::eval::Selection::new(&["mahalanobis".to_owned()], &[]).unwrap();
    let plan = oodbench::eval::Plan::of_detector(&files, &selection, &Silent).unwrap();
    let guarantee = Guarantee::Marginal { alpha: 0.5 };
    let request = Request { guarantee, per_class: false, held_back: 0.5, seed: 0 };
    let mut bytes = Vec::new();
    calibrate(&plan, &request, &Silent).unwrap().detector.write(&mut bytes).unwrap();
    bytes
}
