//! `extract --onnx` and `inspect MODEL.onnx` as a user meets them.

use std::fs;
use std::path::Path;

use ndarray::{Array2, ArrayD, IxDyn};
use ndarray_npy::{read_npy, write_npy};
use oodbench::dump::format::npz;
use oodbench_onnx::graph::saturation::Sums;
use oodbench_onnx::rten::Rten;
use oodbench_onnx::runtime::Runtime;

use super::common::{fixture, oodbench};

pub(super) fn model(name: &str) -> String {
    fixture(&format!("onnx/{name}")).display().to_string()
}

pub(super) fn run(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {err}");
    (out, err)
}

/// The one line of a refusal.
pub(super) fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    error
}

pub(super) fn array(archive: &str, name: &str) -> (Vec<usize>, Vec<f64>) {
    let array = npz::open(&fixture(&format!("onnx/{archive}")), name).unwrap();
    (array.shape.clone(), array.numbers().collect())
}

/// The inputs of a fixture as files, and its labels.
fn unpack(archive: &str, inputs: &[&str], folder: &Path, are_integers: bool) {
    fs::create_dir_all(folder).unwrap();
    for input in inputs {
        let (shape, values) = array(archive, input);
        let file = folder.join(format!("{input}.npy"));
        match are_integers {
            true => {
                let values = values.into_iter().map(|value| value as i64).collect();
                write_npy(file, &ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap()).unwrap();
            }
            false => {
                let values = values.into_iter().map(|value| value as f32).collect();
                write_npy(file, &ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap()).unwrap();
            }
        }
    }
    let (shape, labels) = array(archive, "labels");
    let labels: Vec<i64> = labels.into_iter().map(|label| label as i64).collect();
    write_npy(folder.join("labels.npy"), &ArrayD::from_shape_vec(IxDyn(&shape), labels).unwrap()).unwrap();
}

/// Whether a dump's array is what onnxruntime gave.
pub(super) fn assert_equal(file: &Path, archive: &str, tensor: &str) {
    let (_, reference) = array(archive, &format!("out:{tensor}"));
    let rows: Array2<f32> = read_npy(file).unwrap();
    let largest = reference.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    assert_eq!(rows.len(), reference.len(), "{}", file.display());
    for (row, reference) in rows.iter().zip(reference) {
        assert!((f64::from(*row) - reference).abs() <= 1e-4 * largest, "{}", file.display());
    }
}

#[test]
fn arrays_become_a_dump_that_scores_read() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    unpack("mlp.npz", &["x"], &here.join("rows/train"), false);
    unpack("mlp.npz", &["x"], &here.join("rows/test"), false);
    unpack("mlp.npz", &["x"], &here.join("far"), false);
    let far: Array2<f32> = read_npy(here.join("far/x.npy")).unwrap();
    write_npy(here.join("far/x.npy"), &(far * -3.0)).unwrap();
    let model = model("mlp.onnx");
    let extract =
        ["extract", "--onnx", &model, "--data", "npy:rows", "--ood", "elsewhere=npy:far", "--out", "dumps/mlp"];
    let (_, err) = run(here, &extract);
    for line in [
        "logits: \"logits\"; it comes before Softmax, from output \"probabilities\" on",
        "features: \"features\"; the first input of the nearest Gemm with constant weights",
        "head: linear; features · Wᵀ + b are the logits to 1e-4",
        "accuracy on id/test: 90.00 %",
    ] {
        assert!(err.contains(line), "{err}");
    }
    for split in ["id/train", "id/test"] {
        assert_equal(&here.join("dumps/mlp").join(split).join("logits.npy"), "mlp.npz", "logits");
        assert_equal(&here.join("dumps/mlp").join(split).join("features.npy"), "mlp.npz", "features");
    }
    let (out, _) = run(here, &["score", "dumps/mlp", "--score", "mds,energy,react", "--format", "csv"]);
    for score in ["mds", "energy", "react"] {
        assert!(out.lines().any(|line| line.contains("elsewhere") && line.contains(score)), "{score}: {out}");
    }
    let note = fs::read_to_string(here.join("dumps/mlp/run.toml")).unwrap();
    assert!(note.contains("rten 0.27.0, batch 32") && note.contains("head = \"linear\""), "{note}");
    let again = refused(here, &extract);
    assert!(again.contains("already exists; --replace replaces it"), "{again}");
}

#[test]
fn sentences_are_cut_into_tokens_as_the_network_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (model, sentences, tokenizer) = (model("text.onnx"), model("text.tsv"), model("tokenizer.json"));
    let data = format!("text:{sentences}");
    run(here, &["extract", "--onnx", &model, "--data", &data, "--tokenizer", &tokenizer, "--out", "a"]);
    unpack("text.npz", &["input_ids", "attention_mask"], &here.join("rows"), true);
    run(here, &["extract", "--onnx", &model, "--data", "npy:rows", "--out", "b"]);
    for run in ["a", "b"] {
        assert_equal(&here.join(run).join("id/test/logits.npy"), "text.npz", "logits");
    }
    assert_eq!(
        fs::read(here.join("a/id/test/labels.npy")).unwrap(),
        fs::read(here.join("b/id/test/labels.npy")).unwrap()
    );
    fs::write(here.join("none.tsv"), "no label before this\n").unwrap();
    let arguments = ["extract", "--onnx", &model, "--data", "text:none.tsv", "--tokenizer", &tokenizer, "--out", "c"];
    assert_eq!(
        refused(here, &arguments),
        "error: none.tsv: found no tab in line 1, expected LABEL, a tab, SENTENCE; write the label before it\n"
    );
}

#[cfg(feature = "train")]
#[test]
fn images_are_read_as_for_training() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (model, images) = (model("cnn_fixed_batch.onnx"), model("images.npz"));
    let arguments = [
        "extract",
        "--onnx",
        &model,
        "--data",
        &images,
        "--split",
        "test",
        "--mean",
        "0.5",
        "--std",
        "0.25",
        "--ood",
        "uniform-noise",
        "--images",
        "10",
        "--out",
        "dumps/images",
    ];
    let (_, err) = run(here, &arguments);
    assert!(err.contains("accuracy on id/test: 100.00 %"), "{err}");
    assert_equal(&here.join("dumps/images/id/test/logits.npy"), "cnn_fixed_batch.npz", "logits");
    assert_equal(&here.join("dumps/images/id/test/features.npy"), "cnn_fixed_batch.npz", "features");
    let noise: Array2<f32> = read_npy(here.join("dumps/images/ood/uniform-noise/logits.npy")).unwrap();
    assert_eq!(noise.dim(), (10, 3));
    let published =
        ["extract", "--onnx", &model, "--data", &images, "--split", "test", "--normalisation", "none", "--out"];
    run(here, &[&published[..], &["dumps/none"]].concat());
    let note = fs::read_to_string(here.join("dumps/none/run.toml")).unwrap();
    assert!(note.contains("images (x / 255 - [0.0]) / [1.0]"), "{note}");
    let error = refused(here, &[&published[..], &["y", "--mean", "0.5", "--std", "0.25"]].concat());
    assert!(error.contains("--normalisation: found it beside --mean and --std"), "{error}");
    // What an ONNX file has not.
    for (option, found) in [
        (
            &["--gram", "all"][..],
            "--gram: found it with --onnx, expected --weights; an ONNX file has no layers by these names",
        ),
        (&["--mc-samples", "2"], "--mc-samples: found it with --onnx, expected --weights; an ONNX file has no dropout"),
        (
            &["--perturb", "odin"],
            "--perturb: found it with --onnx, expected --weights; an ONNX file has no backward pass",
        ),
        (&["--val-ood", "fgsm"], "--val-ood fgsm: found an attack with --onnx, expected --weights or another set"),
        (&["--val-ood", "a=cw"], "--val-ood cw: found an attack with --onnx, expected --weights or another set"),
    ] {
        let error = refused(here, &[&published[..], &["y"], option].concat());
        assert!(error.contains(found), "{error}");
    }
    // The same noise under two names.
    let twice = [&arguments[..arguments.len() - 5], &["a=gaussian-noise,b=gaussian-noise", "--out", "y"]].concat();
    let error = refused(here, &twice);
    assert!(error.contains("found the rows of ood/a in ood/b again"), "{error}");
    let other =
        refused(here, &["extract", "--onnx", &model, "--data", "embedded:mnist", "--split", "test", "--out", "x"]);
    assert!(other.contains("found images of 1x28x28, expected image (4, 1, 8, 8) float"), "{other}");
}

#[test]
fn inspect_says_what_would_be_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (out, _) = run(folder.path(), &["inspect", &model("mlp.onnx")]);
    for line in [
        "x (n, 6) float",
        "logits; it comes before Softmax",
        "linear (4, 12); features · Wᵀ + b are the logits to 1e-4",
    ] {
        assert!(out.contains(line), "{out}");
    }
    let (out, _) = run(folder.path(), &["inspect", &model("isomax_plus.onnx")]);
    assert!(
        out.contains("none: the nearest linear layer does not give the logits; --features names other features"),
        "{out}"
    );
    // As `extract` takes them.
    let named = ["inspect", &model("isomax_plus.onnx"), "--features", "features"];
    let (out, _) = run(folder.path(), &named);
    assert!(out.contains("features; it was named"), "{out}");
    let error = refused(folder.path(), &["inspect", ".", "--logits", "x"]);
    assert!(error.contains("--logits: found dumps, expected MODEL.onnx"), "{error}");
    let (out, _) = run(folder.path(), &["inspect", &model("conv_integer_padded.onnx"), "--format", "json"]);
    assert!(out.contains("found ConvInteger of more than a pixel"), "{out}");
}

/// What rten refuses may be run elsewhere; what a row cannot be given of its own is refused anywhere.
#[test]
fn inspect_says_what_would_run_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let inspect = |name: &str, more: &[&str]| run(here, &[&["inspect", &*model(name)], more].concat()).0;
    let elsewhere = "another runtime may run it: --runtime onnxruntime";
    let runtime = format!("  {:<16}rten 0.27.0\n", "runtime");
    let none: &[&str] = &[];
    for more in [none, &["--runtime", "rten"]] {
        let out = inspect("mlp.onnx", more);
        assert!(out.contains(&runtime) && !out.contains(elsewhere), "{out}");
        let out = inspect("conv_integer_padded.onnx", more);
        assert!(out.contains("found ConvInteger of more than a pixel") && out.contains(elsewhere), "{out}");
    }
    for (name, found) in [
        ("function_inside.onnx", "found functions of its own (the first is \"Rounding\")"),
        ("batch_statistics.onnx", "found BatchNormalization with training_mode"),
    ] {
        let out = inspect(name, none);
        assert!(out.contains(found) && !out.contains(elsewhere), "{out}");
    }
    let out = inspect("dynamic_in_branch.onnx", none);
    let rows = "run one by one: \"DynamicQuantizeLinear\" computes with all rows of a batch";
    assert!(out.contains(&format!("  {:<16}{rows}\n", "rows")), "{out}");
    let error = refused(here, &["inspect", ".", "--runtime", "rten"]);
    assert!(error.contains("--runtime: found dumps, expected MODEL.onnx"), "{error}");
}

/// Integer sums that this processor may cut off are told before and after a model is run, and nowhere else.
#[test]
fn what_the_processor_may_cut_off_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let may = Rten::sums() != Sums::Whole;
    let found = "sums of MatMulInteger (\"sums\") may saturate at 16 bits on this processor";
    for (name, may) in [("integers_saturate.onnx", may), ("integers_rightly.onnx", false)] {
        let (out, _) = run(here, &["inspect", &model(name)]);
        assert_eq!(out.contains(found), may, "{out}");
        assert_eq!(out.contains("to look at"), may, "{out}");
    }
    unpack("integers_saturate.npz", &["x"], &here.join("rows"), false);
    let model = model("integers_saturate.onnx");
    let (_, err) = run(here, &["extract", "--onnx", &model, "--data", "npy:rows", "--out", "a"]);
    assert_eq!(err.contains(&format!("warning: {found}")), may, "{err}");
    let note = fs::read_to_string(here.join("a/run.toml")).unwrap();
    assert_eq!(note.contains("batch 32, integer sums may saturate at 16 bits (x86-64 without VNNI);"), may, "{note}");
}

/// With the library that `ORT_DYLIB_PATH` names.
#[cfg(feature = "onnxruntime")]
#[test]
#[allow(clippy::print_stdout, reason = "says what is not checked")]
fn what_rten_refuses_is_inspected_in_onnxruntime() {
    if std::env::var_os("ORT_DYLIB_PATH").is_none() {
        println!("not checked: ORT_DYLIB_PATH names no library of onnxruntime");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let inspect =
        |name: &str| run(folder.path(), &["inspect", &model(name), "--runtime", "onnxruntime", "--format", "csv"]).0;
    // A fact without a name has one `'`, as an empty text has in these files.
    let line = |out: &str, part: &str, name: &str| {
        let start = format!(",{part},{},", oodbench::table::csv::guard(name));
        let found = out.lines().find_map(|line| line.split_once(&start)).map(|(_, found)| found.to_owned());
        found.unwrap_or_else(|| panic!("no {part} {name} in {out}"))
    };
    let out = inspect("conv_integer_padded.onnx");
    assert!(line(&out, "run", "runtime").contains("onnxruntime (libonnxruntime"), "{out}");
    assert!(line(&out, "run", "head").contains("linear (3, 6); features · Wᵀ + b are the logits to 1e-4"), "{out}");
    assert!(line(&out, "rten", "").contains("found ConvInteger of more than a pixel"), "{out}");
    assert!(!out.contains(",to look at,"), "{out}");
    let out = inspect("mlp.onnx");
    assert_eq!(line(&out, "rten", ""), "nothing that it is known to compute wrongly", "{out}");
    let out = inspect("function_inside.onnx");
    assert!(line(&out, "to look at", "").contains("found functions of its own"), "{out}");
}

/// The default is in the program; the other is in a library that the user has.
#[test]
fn a_runtime_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    unpack("mlp.npz", &["x"], &here.join("rows"), false);
    let model = model("mlp.onnx");
    let extract = ["extract", "--onnx", &model, "--data", "npy:rows", "--runtime"];
    run(here, &[&extract[..], &["rten", "--out", "b"]].concat());
    let found = match cfg!(feature = "onnxruntime") {
        true => "ORT_DYLIB_PATH: found nothing, expected the file of onnxruntime 1.18 or later",
        false => "--runtime onnxruntime: found a program without it, expected one built with the feature onnxruntime",
    };
    let inspect = vec!["inspect", &model, "--runtime", "onnxruntime"];
    for asked in [[&extract[..], &["onnxruntime", "--out", "a"]].concat(), inspect] {
        let output = oodbench(here).args(&asked).env_remove("ORT_DYLIB_PATH").output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains(found), "{asked:?}: {error}");
        assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    }
    assert!(!here.join("a").exists());
}

#[test]
fn what_does_not_fit_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    unpack("mlp.npz", &["x"], &here.join("rows"), false);
    write_npy(here.join("rows/x.npy"), &Array2::<f32>::zeros((10, 7))).unwrap();
    let model = model("mlp.onnx");
    let error = refused(here, &["extract", "--onnx", &model, "--data", "npy:rows", "--out", "a"]);
    assert_eq!(
        error,
        "error: rows/x.npy: found shape (10, 7), expected x (n, 6) float; save the rows as the network takes them\n"
    );
    let error = refused(here, &["extract", "--onnx", &model, "--data", "npy:none", "--out", "a"]);
    assert!(error.contains("none/x.npy: found no file, expected an array for the input x (n, 6) float"), "{error}");
    fs::write(here.join("text.onnx"), "no model").unwrap();
    let error = refused(here, &["extract", "--onnx", "text.onnx", "--data", "npy:rows", "--out", "a"]);
    assert!(error.starts_with("error: text.onnx: found "), "{error}");
    assert_eq!(fs::read_dir(here).unwrap().count(), 2, "something was left behind");
}
