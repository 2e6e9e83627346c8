//! Dumps broken on purpose: one line that names file, found, expected and remedy; exit code 2; nothing written.

use std::fs;
use std::path::Path;

use super::common::{fixture, layered_run, noise, oodbench, small_run, write, write_labels};
use ndarray::Array2;

/// Breaks a sound run, scores it and gives back the one line on standard error.
fn refusal(arguments: &[&str], break_it: impl FnOnce(&Path)) -> String {
    refusal_of(small_run, arguments, break_it)
}

/// The same of a run with a further layer and validation sets.
fn layered_refusal(arguments: &[&str], break_it: impl FnOnce(&Path)) -> String {
    refusal_of(layered_run, arguments, break_it)
}

fn refusal_of(sound: fn(&Path), arguments: &[&str], break_it: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    sound(&run);
    break_it(&run);
    let output = oodbench(folder.path()).args(["score", "run", "--out", "out", "-q"]).args(arguments).output().unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert!(output.stdout.is_empty(), "printed figures of a broken dump");
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    assert!(!folder.path().join("out").exists(), "wrote files for a broken dump: {line}");
    line
}

fn assert_says(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{line:?} does not say {part:?}");
    }
}

#[test]
fn a_sound_run_is_scored() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("run"));
    oodbench(folder.path()).args(["score", "run"]).assert().success();
}

#[test]
fn missing_arrays() {
    let line = refusal(&["--score", "mds"], |run| {
        fs::remove_file(run.join("ood/near/logits.npy")).unwrap();
    });
    assert_says(&line, &["ood/near/logits.npy", "missing", "mds"]);
    let line = refusal(&["--score", "mahalanobis"], |run| fs::remove_file(run.join("id/train/labels.npy")).unwrap());
    assert_says(&line, &["id/train/labels.npy", "mahalanobis"]);
    let line = refusal(&[], |run| fs::remove_dir_all(run.join("id/test")).unwrap());
    assert_says(&line, &["id/test", "missing"]);
    let line = refusal(&[], |run| fs::remove_dir_all(run.join("ood")).unwrap());
    assert_says(&line, &["run", "no OOD set"]);
    let line = refusal(&[], |run| {
        fs::remove_dir_all(run.join("ood/far")).unwrap();
        fs::create_dir(run.join("ood/far")).unwrap();
    });
    assert_says(&line, &["ood/far/logits.npy", "missing"]);
}

#[test]
fn no_run_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let output = oodbench(folder.path()).args(["score", "."]).output().unwrap();
    assert_says(&String::from_utf8(output.stderr).unwrap(), &["found no run", "id/test/logits.npy"]);
    let output = oodbench(folder.path()).args(["score", "nowhere"]).output().unwrap();
    assert_says(&String::from_utf8(output.stderr).unwrap(), &["nowhere", "cannot be read"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn shapes_that_do_not_fit() {
    let rows = refusal(&[], |run| write(&run.join("id/test/features.npy"), &noise(39, 5, 9)));
    assert_says(&rows, &["id/test/features.npy", "found 39 rows", "expected 40"]);
    let labels = refusal(&[], |run| write_labels(&run.join("id/train/labels.npy"), &[0; 41]));
    assert_says(&labels, &["id/train/labels.npy", "found 41 rows", "expected 40"]);
    let classes = refusal(&[], |run| write(&run.join("ood/near/logits.npy"), &noise(30, 3, 9)));
    assert_says(&classes, &["ood/near/logits.npy", "found 3 columns", "expected 4"]);
    let head = refusal(&[], |run| write(&run.join("head/weight.npy"), &noise(6, 5, 9)));
    assert_says(&head, &["logits.npy", "found 4 columns", "expected 6", "head"]);
    let rank = refusal(&[], |run| {
        ndarray_npy::write_npy(run.join("id/test/logits.npy"), &ndarray::Array1::<f32>::zeros(40)).unwrap();
    });
    assert_says(&rank, &["id/test/logits.npy", "shape (40,)", "(rows, columns)"]);
    let empty = refusal(&[], |run| {
        for array in ["logits", "features"] {
            write(&run.join(format!("ood/far/{array}.npy")), &noise(0, if array == "logits" { 4 } else { 5 }, 9));
        }
    });
    assert_says(&empty, &["ood/far/logits.npy", "found no rows"]);
}

#[test]
fn values_that_are_no_numbers() {
    let mut logits = noise(40, 4, 2);
    logits[[7, 2]] = f32::NAN;
    logits[[9, 0]] = f32::INFINITY;
    let line = refusal(&["--score", "es"], |run| write(&run.join("id/test/logits.npy"), &logits));
    assert_says(&line, &["id/test/logits.npy", "found 2 rows", "row 7"]);
    // What is not read is not refused.
    let folder = tempfile::tempdir().unwrap();
    small_run(folder.path());
    let mut features = noise(40, 5, 2);
    features[[0, 0]] = f32::NAN;
    write(&folder.path().join("id/test/features.npy"), &features);
    oodbench(folder.path()).args(["score", ".", "--score", "es"]).assert().success();
}

#[test]
fn labels_out_of_range() {
    let mut labels = vec![0; 40];
    labels[5] = 4;
    let line = refusal(&[], |run| write_labels(&run.join("id/train/labels.npy"), &labels));
    assert_says(&line, &["id/train/labels.npy", "label 4 at row 5", "from 0 to 3"]);
    labels[5] = -1;
    let line = refusal(&[], |run| write_labels(&run.join("id/train/labels.npy"), &labels));
    assert_says(&line, &["label -1 at row 5"]);
    // No score reads the labels of the test split: they cost the accuracy, not the scores.
    let folder = tempfile::tempdir().unwrap();
    small_run(folder.path());
    write_labels(&folder.path().join("id/test/labels.npy"), &labels);
    let output = oodbench(folder.path()).args(["score", "."]).output().unwrap();
    assert_says(&String::from_utf8(output.stderr).unwrap(), &["labels left out", "label -1 at row 5"]);
    assert!(output.status.success());
}

#[test]
fn truncated_and_object_files() {
    let line = refusal(&[], |run| {
        let path = run.join("ood/near/logits.npy");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    });
    assert_says(&line, &["ood/near/logits.npy", "truncated"]);
    let line = refusal(&[], |run| {
        fs::copy(super::common::fixture("npy/defective/object.npy"), run.join("id/test/logits.npy")).unwrap();
    });
    assert_says(&line, &["id/test/logits.npy", "Python objects"]);
}

#[test]
fn one_name_for_two_things() {
    let line = refusal(&[], |run| {
        fs::create_dir_all(run.join("ood/group")).unwrap();
        fs::rename(run.join("ood/far"), run.join("ood/group/near")).unwrap();
    });
    assert_says(&line, &["ood/near", "second set named \"near\""]);
    let line = layered_refusal(&[], |run| {
        fs::copy(run.join("val_ood/blur/features.npy"), run.join("val_ood/noise_features.npy")).unwrap();
    });
    assert_says(&line, &["val_ood/noise", "second set named \"val_ood/noise\""]);
    let line = refusal(&[], |run| {
        fs::copy(run.join("ood/far/logits.npy"), run.join("ood/far/logits-00000.npy")).unwrap();
    });
    assert_says(&line, &["ood/far", "the same array 2 times"]);
    let line =
        refusal(&[], |run| fs::rename(run.join("ood/far/logits.npy"), run.join("ood/far/logits-00001.npy")).unwrap());
    assert_says(&line, &["logits-00001.npy", "found shard 1, expected shard 0"]);
}

const OF_A_LAYER: [&str; 4] = ["--score", "mahalanobis", "--set", "mahalanobis.layer=block1"];
const OF_LAYERS: [&str; 4] = ["--score", "mahalanobis_layers", "--set", "mahalanobis_layers.fit_on=noise"];

#[test]
fn layers_and_validation_sets() {
    let folder = tempfile::tempdir().unwrap();
    layered_run(folder.path());
    for arguments in [&OF_A_LAYER, &OF_LAYERS] {
        oodbench(folder.path()).args(["score", "."]).args(arguments).assert().success();
    }
    let remove = |file: &'static str| move |run: &Path| fs::remove_file(run.join(file)).unwrap();
    let remove_all = |place: &'static str| move |run: &Path| fs::remove_dir_all(run.join(place)).unwrap();

    assert_says(&refusal(&OF_A_LAYER, |_| ()), &["id/test/features@block1.npy", "missing", "mahalanobis"]);
    let line = layered_refusal(&["--score", "mahalanobis", "--set", "mahalanobis.layer=blok1"], |_| ());
    assert_says(&line, &["features@blok1.npy", "did you mean block1?"]);
    let line = layered_refusal(&["--score", "mahalanobis", "--set", "mahalanobis.layer=penultimate"], |_| ());
    assert_says(&line, &["features@penultimate.npy", "the run has block1"]);
    let line = layered_refusal(&OF_A_LAYER, remove("ood/far/features@block1.npy"));
    assert_says(&line, &["ood/far/features@block1.npy", "missing"]);

    assert_says(&refusal(&OF_LAYERS, |_| ()), &["id/test/features@<layer>.npy", "missing", "mahalanobis_layers"]);
    let line = layered_refusal(&OF_LAYERS, remove("id/val/features@block1.npy"));
    assert_says(&line, &["id/val/features@block1.npy", "missing"]);
    assert_says(&layered_refusal(&OF_LAYERS, remove_all("id/val")), &["id/val/features", "missing"]);
    assert_says(&layered_refusal(&OF_LAYERS[..2], remove_all("val_ood")), &["val_ood/<name>/features", "missing"]);
    let line = layered_refusal(&["--score", "mahalanobis_layers", "--set", "mahalanobis_layers.fit_on=nois"], |_| ());
    assert_says(&line, &["val_ood/nois/", "did you mean noise?"]);
    assert_says(
        &layered_refusal(&OF_LAYERS[..2], |_| ()),
        &["val_ood/<name>: missing", "fit_on to one of blur, noise"],
    );

    let line =
        layered_refusal(&OF_LAYERS, |run| write(&run.join("val_ood/blur/features@block1.npy"), &noise(25, 7, 9)));
    assert_says(&line, &["val_ood/blur/features@block1.npy", "found 7 columns", "expected 6"]);
    let line =
        layered_refusal(&OF_LAYERS, |run| write(&run.join("val_ood/blur/features@block1.npy"), &noise(24, 6, 9)));
    assert_says(&line, &["val_ood/blur/features@block1.npy", "found 24 rows", "expected 25"]);
    let line = layered_refusal(&OF_LAYERS, |run| fs::create_dir(run.join("val_ood/empty")).unwrap());
    assert_says(&line, &["val_ood/empty/logits.npy", "missing"]);

    let with_nan = |set: &'static str| {
        move |run: &Path| {
            let mut rows = noise(25, 6, 9);
            rows[[3, 1]] = f32::NAN;
            write(&run.join("val_ood").join(set).join("features@block1.npy"), &rows);
        }
    };
    assert_says(&layered_refusal(&OF_LAYERS, with_nan("noise")), &["val_ood/noise/features@block1.npy", "row 3"]);
    // What is not read is not refused.
    with_nan("blur")(folder.path());
    oodbench(folder.path()).args(["score", "."]).args(OF_LAYERS).assert().success();
}

#[test]
fn run_toml() {
    let line = refusal(&[], |run| fs::write(run.join("run.toml"), "seed = \"one\"").unwrap());
    assert_says(&line, &["run.toml", "invalid type"]);
    let line = refusal(&[], |run| {
        fs::write(run.join("run.toml"), "head = \"prototypes\"").unwrap();
        write(&run.join("head/weight.npy"), &noise(4, 5, 9));
    });
    assert_says(&line, &["run.toml", "Prototypes", "Linear"]);
}

#[test]
fn scores_and_parameters_that_do_not_exist() {
    assert_says(&refusal(&["--score", "enrgy"], |_| ()), &["unknown score \"enrgy\"", "did you mean energy?"]);
    assert_says(&refusal(&["--set", "energy.temprature=2"], |_| ()), &["did you mean energy.temperature?"]);
    assert_says(&refusal(&["--set", "energy.temperature=-1"], |_| ()), &["found \"-1\"", "above 0"]);
    assert_says(&refusal(&["--set", "energy"], |_| ()), &["SCORE.NAME=VALUE"]);
}

#[test]
fn probabilities_are_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    small_run(folder.path());
    let mut rows = noise(40, 4, 2).mapv(f32::exp);
    for mut row in rows.rows_mut() {
        row /= row.sum();
    }
    write(&folder.path().join("id/test/logits.npy"), &rows);
    let output = oodbench(folder.path()).args(["score", ".", "--score", "mps"]).output().unwrap();
    assert_says(
        &String::from_utf8(output.stderr).unwrap(),
        &["warning", "id/test/logits.npy", "look like probabilities"],
    );
    assert!(output.status.success());
}

/// What is most likely a mistake and may be none: a set twice, a head of another network, logits that come from two places.
#[test]
fn what_does_not_belong_together_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    small_run(&run);
    let warnings = || {
        let output = oodbench(folder.path()).args(["score", "run", "--score", "energy"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(warnings(), "");
    fs::create_dir(run.join("ood/again")).unwrap();
    fs::copy(run.join("ood/near/logits.npy"), run.join("ood/again/logits.npy")).unwrap();
    let said = warnings();
    assert!(
        said.contains("ood/again and ood/near hold the same rows: they count as several") && said.lines().count() == 1,
        "{said}"
    );
    fs::remove_dir_all(run.join("ood/again")).unwrap();
    // Random logits are not what a random head makes of random features.
    write(&run.join("head/weight.npy"), &noise(4, 5, 77));
    let said = warnings();
    assert!(said.contains("logits are not what head/ makes of the features") && said.lines().count() == 1, "{said}");
    fs::remove_file(run.join("ood/far/logits.npy")).unwrap();
    let said = warnings();
    assert!(said.contains("run: no logits in ood/far: they are made from features and head/"), "{said}");
}

#[test]
fn existing_output_survives_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("run"));
    let score =
        || oodbench(folder.path()).args(["score", "run", "--out", "out", "-q", "--score", "mps"]).output().unwrap();
    assert!(score().status.success());
    let before = fs::read(folder.path().join("out/scores.parquet")).unwrap();
    write(&folder.path().join("run/ood/near/logits.npy"), &Array2::<f32>::from_elem((30, 4), f32::NAN));
    assert_eq!(score().status.code(), Some(2));
    assert_eq!(fs::read(folder.path().join("out/scores.parquet")).unwrap(), before);
}

#[test]
fn a_head_without_classes() {
    let line = refusal(&["--score", "gen"], |run| write(&run.join("head/weight.npy"), &Array2::<f32>::zeros((0, 5))));
    assert!(line.contains("weight.npy: found no rows, expected one row per class"), "{line}");
}

#[test]
#[cfg(unix)]
fn a_pipe_in_place_of_a_file_is_not_waited_for() {
    for file in ["id/test/logits.npy", "head/weight.npy", "run.toml"] {
        let line = refusal(&["--score", "mds"], |run| {
            let path = run.join(file);
            let _ = fs::remove_file(&path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        });
        assert!(line.contains(&format!("{file}: found a pipe or device, expected a regular file")), "{line}");
    }
}

/// A library that breaks off on a damaged file would print where in its source, and a backtrace.
#[test]
fn a_damaged_file_is_refused_in_a_line_whatever_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("../fuzz/found/array-parquet-panic.parquet"), folder.path().join("a.parquet")).unwrap();
    for arguments in [&["measure", "a.parquet", "a.parquet"][..], &["convert", "a.parquet", "--to", "csv"]] {
        let output = oodbench(folder.path()).args(arguments).env("RUST_BACKTRACE", "1").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains("a.parquet: found parquet: the file is damaged"), "{said}");
    }
}

/// The one line about a folder `both` whose run.toml says that, beside sound runs `a` and `b`.
fn refused_ensemble(run_toml: &str, break_it: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    ["a", "b"].iter().for_each(|run| small_run(&folder.path().join(run)));
    let both = folder.path().join("both");
    fs::create_dir(&both).unwrap();
    fs::write(both.join("run.toml"), run_toml).unwrap();
    break_it(folder.path());
    let output = oodbench(folder.path()).args(["score", "both", "-q"]).output().unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), line.trim_end().lines().count()), (Some(2), 1), "{line}");
    line
}

/// What is wrong with the file that names members is said, and not that there is no run.
#[test]
fn members_of_an_ensemble() {
    let error = |run_toml: &str| refused_ensemble(run_toml, |_| ());
    let file = "error: both/run.toml: found ";
    for (run_toml, expected) in [
        ("member = [\"../a\", \"../b\"]", "the key \"member\", expected members; correct the key"),
        ("members = \"../a\"", "invalid type: string \"../a\" in line 1, `members = \"../a\"`, expected a sequence"),
        ("members = []", "invalid length 0 in line 1, `members = []`, expected folders of runs"),
        ("members = [\"../a\", \"../c\"]", "the member \"../c\", which holds no run, expected the folder of a run"),
        (
            "members = [\"../a\", \"../b/../a/\"]",
            "the member \"../b/../a/\", named before, expected the folder of a run",
        ),
        ("members = [\"../both\"]", "the member \"../both\", an ensemble itself, expected the folder of a run"),
    ] {
        let line = error(run_toml);
        assert!(line.starts_with(&format!("{file}{expected}")), "{run_toml}: {line}");
    }
    let both = "members = [\"../a\", \"../b\"]";
    let line = refused_ensemble(both, |folder| small_run(&folder.join("both")));
    assert!(
        line.starts_with(&format!("{file}members beside arrays of the folder's own, expected one of the two")),
        "{line}"
    );
    let line = refused_ensemble(both, |folder| fs::write(folder.join("a/run.toml"), "sede = 1").unwrap());
    assert_says(&line, &["a/run.toml: found the key \"sede\", expected seed"]);
}

/// Trainings with several seeds hold out several images: what is fitted on these cannot be had, all else can.
#[test]
fn members_of_other_training_rows_are_scored_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let labels: Vec<i64> = (0..40).map(|row| (row + 1) % 4).collect();
    for run in ["a", "b"].map(|run| here.join(run)) {
        small_run(&run);
        for (set, rows) in [("id/val", 30), ("val_ood/fgsm", 30)] {
            write(&run.join(set).join("logits.npy"), &noise(rows, 4, 5));
        }
    }
    write_labels(&here.join("b/id/train/labels.npy"), &labels);
    fs::create_dir(here.join("both")).unwrap();
    fs::write(here.join("both/run.toml"), "members = [\"../a\", \"../b\"]").unwrap();
    let said = |arguments: &[&str]| {
        let output = oodbench(here).args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let differ = "id/train left out: both/../b/id/train/logits.npy: found rows of other labels";
    let (code, table, warnings) = said(&["score", "both", "--score", "all", "--format", "csv", "-v"]);
    assert_eq!(code, Some(0), "{warnings}");
    assert!(table.contains(",predictive_entropy,") && !table.contains(",openmax,"), "{table}");
    let lacks = "it needs id/train/logits.npy; the members of the ensemble do not share their rows of id/train";
    assert_says(&warnings, &[differ, lacks]);
    assert!(!warnings.contains("id/val left out"), "{warnings}");
    assert_says(&said(&["inspect", "both"]).1, &[differ, "id/val", "val_ood/fgsm"]);
    let (code, _, error) = said(&["score", "both", "--score", "openmax", "-q"]);
    assert_eq!((code, error.lines().count()), (Some(2), 1), "{error}");
    assert_says(&error, &["the members of the ensemble do not share their rows of id/train"]);
    // Rows without labels tell nothing: attacked images are taken for those of id/val.
    write(&here.join("b/id/val/logits.npy"), &noise(20, 4, 5));
    let (_, _, warnings) = said(&["score", "both"]);
    assert_says(
        &warnings,
        &["id/val left out:", "found 20 rows of 4 classes", "val_ood/fgsm left out: it may be made"],
    );
    // What values are computed on has to be of the same rows.
    write_labels(&here.join("b/id/test/labels.npy"), &labels);
    let (code, _, error) = said(&["score", "both", "-q"]);
    assert_eq!(code, Some(2));
    assert_says(&error, &["b/id/test/logits.npy: found rows of other labels, expected those of the first member"]);
}

#[test]
fn a_member_without_logits_is_named() {
    let both = "members = [\"../a\", \"../b\"]";
    let without = |run: &str| {
        let place = format!("{run}/ood/far/logits.npy");
        refused_ensemble(both, move |folder| fs::remove_file(folder.join(place)).unwrap())
    };
    assert_says(&without("a"), &["a/ood/far/logits.npy: missing, expected logits of every member of the ensemble"]);
    assert_says(&without("b"), &["b/ood/far/logits.npy: missing, expected logits, which the first member"]);
}
