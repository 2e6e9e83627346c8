//! What `extract --onnx` is fed, and what it refuses of it.

use std::fs;
use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::{read_npy, write_npy};

use super::common::{fixture, oodbench};
use super::onnx::{assert_equal, model, refused, run};

/// A recording of 16 samples at 8000 Hz.
fn recording(path: &Path, samples: &[i16]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let length = 2 * samples.len() as u32;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(8000_u32.to_le_bytes());
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    fs::write(path, bytes).unwrap();
}

fn labels(folder: &Path, file: &str) -> Vec<i64> {
    let labels: Array1<i64> = read_npy(folder.join(file)).unwrap();
    labels.to_vec()
}

/// Rows for the models that take six numbers.
fn rows(folder: &Path, first: f32, labels: &[i64]) {
    fs::create_dir_all(folder).unwrap();
    write_npy(folder.join("x.npy"), &Array2::from_shape_fn((8, 6), |(i, j)| first + (6 * i + j) as f32 / 7.0)).unwrap();
    if !labels.is_empty() {
        write_npy(folder.join("labels.npy"), &Array1::from(labels.to_vec())).unwrap();
    }
}

#[test]
fn recordings_are_numbered_over_train_and_test() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (at, path) in ["train/a", "train/b", "train/c", "test/b", "test/c"].into_iter().enumerate() {
        let samples: Vec<i16> =
            (0..16).map(|sample| (1000 * at as i16 + 64 * sample) * if sample % 2 == 0 { 1 } else { -1 }).collect();
        recording(&here.join("wav").join(path).join("1.wav"), &samples);
    }
    let model = model("waveform.onnx");
    let extract =
        |out: &'static str| ["extract", "--onnx", model.as_str(), "--data", "wav:wav", "--rate", "8000", "--out", out];
    run(here, &extract("a"));
    assert_eq!(
        (labels(here, "a/id/train/labels.npy"), labels(here, "a/id/test/labels.npy")),
        (vec![0, 1, 2], vec![1, 2])
    );
    // The network takes sizes as features: samples from -1 to 1.
    let features: Array2<f32> = read_npy(here.join("a/id/test/features.npy")).unwrap();
    let expected = Array2::from_shape_fn((2, 16), |(row, at)| (1000 * (row + 3) + 64 * at) as f32 / 32768.0);
    assert_eq!(features, expected);
    // In the network's order.
    fs::write(here.join("classes.txt"), "\u{feff}c\na\nb\n").unwrap();
    run(here, &[&extract("b")[..], &["--classes", "classes.txt"]].concat());
    assert_eq!(
        (labels(here, "b/id/train/labels.npy"), labels(here, "b/id/test/labels.npy")),
        (vec![1, 2, 0], vec![2, 0])
    );
    fs::write(here.join("classes.txt"), "c\na\nb\nd\n").unwrap();
    let error = refused(here, &[&extract("c")[..], &["--classes", "classes.txt"]].concat());
    assert!(error.contains("found 4 names of classes, expected 3, one for each of its logits"), "{error}");
    let error = refused(here, &["extract", "--onnx", &model, "--data", "wav:wav", "--out", "c"]);
    assert!(error.starts_with("error: --rate: found none, expected the samples per second"), "{error}");
}

#[cfg(feature = "train")]
#[test]
fn a_model_of_bytes_with_channels_last_gets_them_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (model, images) = (model("bytes_channels_last.onnx"), model("images_rgb.npz"));
    let extract = ["extract", "--onnx", &model, "--data", &images, "--split", "test", "--out", "a"];
    run(here, &extract);
    assert_equal(&here.join("a/id/test/logits.npy"), "bytes_channels_last.npz", "logits");
    let note = fs::read_to_string(here.join("a/run.toml")).unwrap();
    assert!(note.contains("images as bytes from 0 to 255") && !note.contains("255 -"), "{note}");
    for option in [&["--mean", "0.5,0.5,0.5", "--std", "1,1,1"][..], &["--normalisation", "imagenet"]] {
        let error = refused(here, &[&extract[..8], &["b"], option].concat());
        assert!(error.contains("found one with the input image (n, 6, 6, 3) uint8, expected none"), "{error}");
    }
    let error = refused(here, &[&extract[..8], &["b", "--layout", "nchw"]].concat());
    assert!(error.contains("expected images of 1 or 3 channels"), "{error}");
}

#[test]
fn what_is_chosen_on_is_not_measured() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let classes = [0, 1, 2, 3, 0, 1, 2, 3];
    rows(&here.join("id"), 0.0, &classes);
    rows(&here.join("val"), 100.0, &classes);
    for (set, first) in [("far", 200.0), ("copy", 200.0), ("other", 300.0)] {
        rows(&here.join(set), first, &[]);
    }
    let model = model("mlp.onnx");
    let given = |more: &[&'static str]| {
        [&["extract", "--onnx", model.as_str(), "--data", "npy:id", "--out", "a"], more].concat()
    };
    for (more, found) in [
        (
            &["--ood", "x=npy:far", "--val-ood", "y=npy:copy"][..],
            "copy: found 8 rows of ood/x, which is measured, in val_ood/y",
        ),
        (&["--val", "npy:id"], "id: found 8 rows of id/test, which is measured, in id/val"),
        (&["--ood", "x=npy:id"], "id: found the rows of id/test in ood/x again"),
        (&["--ood", "x=npy:far,y=npy:copy"], "copy: found the rows of ood/x in ood/y again"),
        (&["--ood", "../x=npy:far"], "name"),
        (&["--ood", "x="], "x=: found a name without data"),
        (&["--rate", "8000"], "--rate: found it with npy:id, expected wav:; leave it out"),
        (&["--classes", "none"], "--classes: found it with npy:id, expected folders of images, wav: or text:"),
        (&["--mean", "0", "--std", "1"], "--mean: found it with npy:id, expected images"),
        (&["--tokenizer", "none"], "--tokenizer: found it with npy:id, expected text:"),
    ] {
        let error = refused(here, &given(more));
        assert!(error.contains(found), "{found}: {error}");
        assert!(!here.join("a").exists(), "{found}");
    }
    run(here, &given(&["--val", "npy:val", "--ood", "x=npy:far", "--val-ood", "y=npy:other"]));
    for (place, is_labelled) in [("id/val", true), ("id/test", true), ("ood/x", false), ("val_ood/y", false)] {
        assert!(here.join("a").join(place).join("logits.npy").is_file(), "{place}");
        assert_eq!(here.join("a").join(place).join("labels.npy").is_file(), is_labelled, "{place}");
    }
}

#[test]
fn classes_that_the_model_has_not_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let model = model("mlp.onnx");
    for other in [9, -1, 4] {
        rows(&here.join("rows"), 0.0, &[0, 1, 2, 3, 0, other, 2, 3]);
        let error = refused(here, &["extract", "--onnx", &model, "--data", "npy:rows", "--out", "a"]);
        assert!(error.contains(&format!("found class {other} in row 5 of id/test, expected 0 to 3")), "{error}");
    }
}

/// All that a folder holds is removed when it is replaced.
#[test]
fn only_dumps_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let model = model("mlp.onnx");
    rows(&here.join("rows"), 0.0, &[]);
    rows(&here.join("thesis"), 1.0, &[]);
    let extract =
        |out: &'static str| ["extract", "--onnx", model.as_str(), "--data", "npy:rows", "--out", out, "--replace"];
    for (out, found) in [
        ("rows", "rows: found a folder that is no dump, as it holds \"x.npy\""),
        ("thesis", "thesis: found a folder that is no dump, as it holds \"x.npy\""),
    ] {
        let error = refused(here, &extract(out));
        assert!(error.contains(found) && here.join(out).join("x.npy").is_file(), "{error}");
    }
    run(here, &extract("dump"));
    run(here, &extract("dump"));
    // A dump that is read is not replaced either.
    let convert = ["convert", "dump", "--to", "safetensors", "--out", "dump", "--replace"];
    let output = oodbench(here).args(convert).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && error.contains("dump: found dump in it, which is read"), "{error}");
    assert!(here.join("dump/id/test/logits.npy").is_file());
    assert!(fixture("onnx/mlp.onnx").is_file());
}
