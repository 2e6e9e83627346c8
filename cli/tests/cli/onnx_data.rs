//! What `extract --onnx` is fed, and what it refuses of it.

use std::fs;
use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::{read_npy, write_npy};

use super::common::{fixture, oodbench};
#[cfg(feature = "train")]
use super::onnx::array;
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
        let found = format!("{}: found it with the input image (n, 6, 6, 3) uint8, expected none", option[0]);
        assert!(error.contains(&found), "{error}");
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

/// Sets that were prepared in different ways would be told apart by that.
#[test]
fn kinds_that_do_not_fit_beside_each_other_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rows(&here.join("id"), 0.0, &[]);
    let (vectors, images, waves) = (model("mlp.onnx"), model("cnn_fixed_batch.onnx"), model("waveform.onnx"));
    let wav = &["wav:wav", "--rate", "8000"][..];
    for (network, data, set, found) in [
        (&vectors, &["npy:id"][..], ["--val", "photos"], "--val photos: found images beside the arrays of npy:id"),
        (&vectors, &["npy:id"], ["--ood", "x=photos"], "--ood photos: found images beside the arrays of npy:id"),
        (&vectors, &["npy:id"], ["--ood", "gaussian-noise"], "--ood gaussian-noise: found images beside the arrays"),
        (&vectors, &["npy:id"], ["--val-ood", "svhn:a"], "--val-ood svhn:a: found images beside the arrays of npy:id"),
        (&images, &["photos"], ["--val", "npy:id"], "--val npy:id: found arrays beside the images of photos"),
        (&images, &["photos"], ["--ood", "x=npy:id"], "--ood npy:id: found arrays beside the images of photos"),
        (&images, &["photos"], ["--val-ood", "npy:id"], "--val-ood npy:id: found arrays beside the images of photos"),
        (&waves, wav, ["--ood", "text:a.tsv"], "--ood text:a.tsv: found sentences beside the recordings of wav:wav"),
    ] {
        let network: &str = network;
        let error = refused(here, &[&["extract", "--onnx", network, "--out", "a", "--data"], data, &set].concat());
        assert!(error.contains(found), "{error}");
        assert!(error.ends_with(", expected data of one kind; use npy:DIR for both\n"), "{error}");
    }
    // Samples are the same, whoever reads them.
    for class in ["a", "b", "c"] {
        recording(&here.join("wav").join(class).join("1.wav"), &[64; 16]);
    }
    fs::create_dir(here.join("far")).unwrap();
    write_npy(here.join("far/wave.npy"), &Array2::from_elem((8, 16), 0.5_f32)).unwrap();
    let extract = ["extract", "--onnx", &waves, "--ood", "npy:far", "--out", "a", "--data"];
    run(here, &[&extract[..], wav].concat());
    assert!(here.join("a/ood/far/logits.npy").is_file());
}

/// In any runtime that there is.
#[test]
fn rows_that_depend_on_the_rows_beside_them_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rows(&here.join("rows"), 0.0, &[]);
    let has_library = cfg!(feature = "onnxruntime") && std::env::var_os("ORT_DYLIB_PATH").is_some();
    let runtimes = ["rten", "onnxruntime"];
    for runtime in &runtimes[..if has_library { 2 } else { 1 }] {
        let of_functions = model("function_inside.onnx");
        let extract = ["extract", "--onnx", &of_functions, "--data", "npy:rows", "--runtime", runtime, "--out", "a"];
        let error = refused(here, &extract);
        assert!(error.contains("found functions of its own (the first is \"Rounding\")"), "{runtime}: {error}");
        let model = model("dynamic_in_branch.onnx");
        let extract = ["extract", "--onnx", &model, "--data", "npy:rows", "--runtime", runtime, "--out"];
        let (_, err) = run(here, &[&extract[..], &[*runtime]].concat());
        let found = "warning: rows are run one by one: \"DynamicQuantizeLinear\" computes with all rows of a batch, so";
        assert!(err.contains(found), "{err}");
        let error = refused(here, &[&extract[..], &["a", "--batch", "8"]].concat());
        let found = "--batch: found 8, expected 1, since \"DynamicQuantizeLinear\" computes with all rows of a batch";
        assert!(error.contains(found), "{error}");
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

/// A grey picture of 8 x 8 pixels.
#[cfg(feature = "train")]
fn photo(folder: &Path, name: &str, pixels: &[u8]) {
    fs::create_dir_all(folder).unwrap();
    let mut encoder = png::Encoder::new(fs::File::create(folder.join(format!("{name}.png"))).unwrap(), 8, 8);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

/// Folders of PNG files are classes, in the order of their names or of a list; their pixels are those that the model is fed.
#[cfg(feature = "train")]
#[test]
fn folders_of_images_are_numbered_as_the_list_says() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let images: Vec<u8> = array("images.npz", "test_images").1.into_iter().map(|byte| byte as u8).collect();
    let classes: Vec<usize> = array("images.npz", "test_labels").1.into_iter().map(|label| label as usize).collect();
    // Names of the classes 0, 1 and 2 that sort in another order.
    let names = ["cat", "ant", "bee"];
    for (at, (pixels, class)) in images.chunks(64).zip(&classes).enumerate() {
        photo(&here.join("photos/test").join(names[*class]), &format!("{at:02}"), pixels);
    }
    let model = model("cnn_fixed_batch.onnx");
    let extract = |out: &'static str| {
        let data = ["extract", "--onnx", model.as_str(), "--data", "photos", "--split", "test"];
        [&data[..], &["--mean", "0.5", "--std", "0.25", "--out", out]].concat()
    };
    fs::write(here.join("classes.txt"), names.join("\n")).unwrap();
    let (_, err) = run(here, &[&extract("listed")[..], &["--classes", "classes.txt"]].concat());
    assert!(err.contains("accuracy on id/test: 100.00 %"), "{err}");
    // Files come by the names of folders: ant, bee, cat.
    let order: Vec<usize> = [1, 2, 0]
        .into_iter()
        .flat_map(|class| (0..classes.len()).filter(|at| classes[*at] == class).collect::<Vec<_>>())
        .collect();
    let (shape, expected) = array("cnn_fixed_batch.npz", "out:logits");
    let logits: Array2<f32> = read_npy(here.join("listed/id/test/logits.npy")).unwrap();
    assert_eq!(logits.nrows(), shape[0]);
    for (row, at) in logits.rows().into_iter().zip(&order) {
        for (found, expected) in row.iter().zip(&expected[at * shape[1]..]) {
            assert!((f64::from(*found) - expected).abs() < 1e-3, "{found} {expected}");
        }
    }
    let numbered: Vec<i64> = order.iter().map(|at| classes[*at] as i64).collect();
    assert_eq!(labels(here, "listed/id/test/labels.npy"), numbered);
    // By their names alone the classes are others than the model's, which the accuracy shows.
    let (_, err) = run(here, &extract("sorted"));
    assert!(err.contains("accuracy on id/test: ") && !err.contains("100.00 %"), "{err}");
    let sorted: Vec<i64> = order.iter().map(|at| [2, 0, 1][classes[*at]]).collect();
    assert_eq!(labels(here, "sorted/id/test/labels.npy"), sorted);
    let imagenet = ["extract", "--onnx", &model, "--data", "photos", "--split", "test", "--normalisation", "imagenet"];
    let error = refused(here, &[&imagenet[..], &["--out", "c"]].concat());
    assert!(error.contains("normalisation imagenet: found images of 1 channels, expected 3 channels"), "{error}");
    let data = ["extract", "--onnx", &model, "--data", "photos", "--split", "test", "--out", "c"];
    let error = refused(here, &[&data[..], &["--mean", "0,0,0", "--std", "1,1,1"]].concat());
    assert!(
        error.contains("--mean: found 3 means, expected 1, one per channel of image (4, 1, 8, 8) float"),
        "{error}"
    );
}

/// Folders that are called by numbers: 10 is the class after 2, not before it, and what has no images keeps its number.
#[cfg(feature = "train")]
#[test]
fn folders_of_images_that_are_numbers_stand_for_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (name, level) in [("2", 10), ("0", 200)] {
        photo(&here.join("photos/test").join(name), "a", &[level; 64]);
    }
    let model = model("cnn_fixed_batch.onnx");
    let extract =
        |out: &'static str| ["extract", "--onnx", model.as_str(), "--data", "photos", "--split", "test", "--out", out];
    run(here, &extract("a"));
    assert_eq!(labels(here, "a/id/test/labels.npy"), [0, 2]);
    photo(&here.join("photos/test/7"), "a", &[90; 64]);
    let error = refused(here, &extract("b"));
    assert!(error.contains("found class 7 in row 2 of id/test, expected 0 to 2, as the model has 3 logits"), "{error}");
    photo(&here.join("photos/test/cat"), "a", &[50; 64]);
    let error = refused(here, &extract("b"));
    assert!(
        error.contains("photos: found class \"cat\" beside \"0\" (photos), expected names alone or numbers alone"),
        "{error}"
    );
}

/// Numbers that no score reads are refused where they are made: rows and values are counted from 0.
#[test]
fn what_is_infinite_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rows(&here.join("rows"), 0.0, &[]);
    let mut values: Array2<f32> = Array2::from_elem((8, 6), 0.5);
    // The network takes its exponential, which single precision has not.
    values[(5, 2)] = 100.0;
    write_npy(here.join("rows/x.npy"), &values).unwrap();
    let model = model("odd_names.onnx");
    let extract = ["extract", "--onnx", &model, "--data", "npy:rows", "--out", "a"];
    let error = refused(here, &extract);
    assert!(error.contains("rows: found row 5 of id/test, of which the model makes an infinite number"), "{error}");
    let mut wide = values.mapv(f64::from);
    wide[(5, 2)] = 1e40;
    write_npy(here.join("rows/x.npy"), &wide).unwrap();
    let error = refused(here, &extract);
    assert!(error.contains("rows/x.npy: found the number 1e40 in row 5, expected numbers that single"), "{error}");
    assert!(!here.join("a").exists());
}

#[test]
fn no_samples_and_no_tokens_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let model = model("mlp.onnx");
    for option in ["--samples", "--tokens", "--rate", "--batch"] {
        let arguments = ["extract", "--onnx", &model, "--data", "npy:rows", "--out", "a", option, "0"];
        let output = oodbench(folder.path()).args(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains("invalid value '0'"), "{error}");
    }
}

/// A signal ends an extraction soon and leaves nothing.
#[cfg(unix)]
#[test]
fn a_signal_leaves_nothing_of_a_dump() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("many")).unwrap();
    write_npy(here.join("many/x.npy"), &Array2::from_elem((2_000_000, 6), 0.5_f32)).unwrap();
    let model = model("mlp.onnx");
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oodbench"));
    command.args(["extract", "--onnx", &model, "--data", "npy:many", "--out", "new/folder/b"]);
    command.current_dir(here).env("RAYON_NUM_THREADS", "1").stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let start = Instant::now();
    while !here.join("new/folder").exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never began");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Instant::now();
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(killed.elapsed() < Duration::from_secs(10), "{:?}", killed.elapsed());
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("stopped; what was not finished is removed"), "{err}");
    assert!(!here.join("new").exists());
}
