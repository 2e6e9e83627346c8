//! The command line as a user meets it.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use super::common::{fixture, oodbench, small_run};
use oodbench::table::Record;
use polars_parquet::read::{infer_schema, read_metadata};
use serde_json::Value;

fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = oodbench(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn run_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    folder
}

#[test]
fn table_of_the_fixtures() {
    let folder = tempfile::tempdir().unwrap();
    let run = fixture("dumps/smallcnn-cifar10-isomax-plus-seed1");
    let table = stdout(folder.path(), &["score", run.to_str().unwrap(), "--score", "mds,es", "-q"]);
    let expected = "\
smallcnn-cifar10-isomax-plus-seed1 (SmallCNN, IsoMax+, seed 1): accuracy 78.75 % on 400 ID test rows

Percent. Lee et al. 2018: positive class ID; ties count against the score; TPR closest to 95 %.
 CIFAR10 vs  run                                 score  TNR@TPR95 (ID pos.)   AUROC   DTACC    AUIN   AUOUT  tied pairs
";
    assert!(table.starts_with(expected), "{table}");
    assert!(table.contains("mean of 2"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 160));
}

#[test]
fn a_narrow_terminal_wraps_and_loses_nothing() {
    let folder = run_folder();
    let output = oodbench(folder.path()).args(["score", "-q", "--score", "mps"]).env("COLUMNS", "60").output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = table.lines().skip(3).collect();
    assert!(rows.iter().all(|line| line.chars().count() <= 60), "{table}");
}

#[test]
fn json_records_are_the_interface() {
    let folder = run_folder();
    let records: Value = serde_json::from_str(&stdout(folder.path(), &["score", "-q", "--format", "json"])).unwrap();
    let first = &records[0];
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    let mut names: Vec<&str> = Record::FIELDS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(keys, names);
    for old in ["group", "in_distribution", "metric", "ood", "procedure", "run", "score", "value"] {
        assert!(names.contains(&old));
    }
    assert_eq!((first["run"].as_str(), first["in_distribution"].is_null()), (Some("run"), true));
    let metrics: Vec<String> = records
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["score"] == "mps" && r["ood"] == "near")
        .map(|r| format!("{}.{}", r["procedure"].as_str().unwrap(), r["metric"].as_str().unwrap()))
        .collect();
    let expected = [
        "lee.tnr_at_tpr95",
        "lee.auroc",
        "lee.dtacc",
        "lee.auin",
        "lee.auout",
        "openood.fpr_at_tpr95_ood_positive",
        "openood.auroc",
        "openood.aupr_in",
        "openood.aupr_out",
        "id_positive.fpr_at_tpr95_id_positive",
        "id_positive.average_precision_in",
        "id_positive.average_precision_out",
    ];
    assert_eq!(metrics, expected);
    let lee = stdout(folder.path(), &["score", "-q", "--format", "csv", "--procedure", "lee", "--score", "mps"]);
    // Two OOD sets and their mean.
    assert_eq!(lee.lines().count(), 1 + 3 * 5);
    assert!(lee.starts_with("run,in_distribution,ood,group,score,procedure,metric,value,low,high,"), "{lee}");
}

#[test]
fn markdown_marks_the_best_and_names_the_convention() {
    let folder = run_folder();
    let text = stdout(
        folder.path(),
        &["score", "-q", "--format", "markdown", "--score", "mps,energy", "--procedure", "openood"],
    );
    assert!(text.contains("| FPR@TPR95 (OOD pos.) |") && text.contains("**"), "{text}");
}

#[test]
fn files_of_out() {
    let folder = run_folder();
    stdout(folder.path(), &["score", "-q", "--out", "out"]);
    let out = folder.path().join("out");
    let mut names: Vec<String> =
        fs::read_dir(&out).unwrap().map(|f| f.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    assert_eq!(names, ["provenance.json", "records.csv", "records.json", "records.parquet", "scores.parquet"]);
    let json: Value = serde_json::from_slice(&fs::read(out.join("records.json")).unwrap()).unwrap();
    let rows = |name: &str| read_metadata(&mut File::open(out.join(name)).unwrap()).unwrap();
    assert_eq!(rows("records.parquet").num_rows, json.as_array().unwrap().len());
    assert_eq!(
        fs::read_to_string(out.join("records.csv")).unwrap().lines().count(),
        1 + json.as_array().unwrap().len()
    );
    let scores = rows("scores.parquet");
    assert_eq!(scores.num_rows, 40 + 30 + 20);
    let columns: Vec<String> = infer_schema(&scores).unwrap().iter_names().map(ToString::to_string).collect();
    assert_eq!(columns[..8], ["run", "split", "group", "set", "row", "label", "predicted", "mds"]);
}

#[test]
fn seeds_are_averaged_with_their_ddof_said() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 1..=3 {
        let run = folder.path().join(format!("dumps/r{seed}"));
        small_run(&run);
        super::common::write(&run.join("id/test/logits.npy"), &(super::common::noise(40, 4, 90 + seed) * 2.0));
        fs::write(run.join("run.toml"), format!("model = \"m\"\nloss = \"softmax\"\nseed = {seed}")).unwrap();
    }
    let table = stdout(folder.path(), &["score", "-q", "--score", "mps"]);
    assert!(table.contains("over seeds (ddof = 1)") && table.contains("m SoftMax (3 seeds)"), "{table}");
    let records: Value =
        serde_json::from_str(&stdout(folder.path(), &["score", "-q", "--score", "mps", "--format", "json"])).unwrap();
    let mut values = Vec::new();
    for record in records.as_array().unwrap() {
        if record["metric"] == "dtacc" && record["ood"] == "far" && record["mean_over"].is_null() {
            values.push(record["value"].as_f64().unwrap());
        }
    }
    let mean = values.iter().sum::<f64>() / 3.0;
    let std = (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 2.0).sqrt();
    let cell = format!("{:.2} ± {:.2}", mean * 100.0, std * 100.0);
    assert!(table.contains(&cell), "{cell} not in\n{table}");
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let dumps = fixture("dumps");
    let score = |threads: &str| {
        let out = folder.path().join(threads);
        let arguments = ["score", dumps.to_str().unwrap(), "-q", "--format", "json", "--threads", threads, "--out"];
        let text = stdout(folder.path(), &[&arguments[..], &[out.to_str().unwrap()]].concat());
        (text, fs::read(out.join("scores.parquet")).unwrap())
    };
    assert!(score("1") == score("3"), "figures differ between 1 and 3 threads");
}

#[test]
fn warnings_of_what_spoils_figures() {
    let folder = run_folder();
    let run = folder.path().join("dumps/run");
    super::common::write(&run.join("id/test/logits.npy"), &ndarray::Array2::<f32>::zeros((40, 4)));
    let output = oodbench(folder.path()).args(["score", "--score", "mps"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("mps is 0.25 on every row of id/test") && said.contains("is below 50 %"), "{said}");
    for array in ["logits", "features"] {
        let columns = if array == "logits" { 4 } else { 5 };
        super::common::write(&run.join(format!("id/test/{array}.npy")), &super::common::noise(12, columns, 5));
    }
    super::common::write_labels(&run.join("id/test/labels.npy"), &[0; 12]);
    let output = oodbench(folder.path()).args(["score", "--score", "mps"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("id/test has 12 rows"));
    let output = oodbench(folder.path()).args(["score", "--score", "mps", "--quiet"]).output().unwrap();
    assert!(output.stderr.is_empty());
}

#[test]
fn mds_on_a_linear_head_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let warning = |run: &str| {
        let dump = fixture("dumps").join(run);
        let output =
            oodbench(folder.path()).args(["score", dump.to_str().unwrap(), "--score", "mds"]).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(warning("densenet-cifar10-softmax").contains("mds on the logits of a linear head"));
    assert!(warning("smallcnn-cifar10-isomax-seed1").contains("without isometrisation"));
    assert!(!warning("smallcnn-cifar10-isomax-plus-seed1").contains("warning"));
}

#[test]
fn list_and_explain_tell_of_every_score() {
    let folder = tempfile::tempdir().unwrap();
    let list: Value = serde_json::from_str(&stdout(folder.path(), &["list", "--format", "json"])).unwrap();
    for score in list.as_array().unwrap() {
        let id = score["id"].as_str().unwrap();
        assert!(
            !score["needs"].as_array().unwrap().is_empty() && score["reference"].as_str().unwrap().len() > 20,
            "{id}"
        );
        assert!(stdout(folder.path(), &["explain", id]).contains("## Formula"), "{id}");
    }
    assert!(stdout(folder.path(), &["list"]).contains("mahalanobis"));
    assert!(stdout(folder.path(), &["explain", "layout"]).contains("run.toml"));
    assert!(stdout(folder.path(), &["explain", "lee"]).contains("tnr_at_tpr95"));
}

#[test]
fn the_place_of_an_error_in_a_composition_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    assert!(stdout(folder.path(), &["explain", "react + dice"]).starts_with("# react+dice\n"));
    let output = super::common::oodbench(folder.path()).args(["explain", "react+dise+energy"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = "error: unknown step \"dise\"; did you mean dice?\n  react+dise+energy\n        ^^^^\n";
    assert_eq!(said, expected);
}

#[test]
fn inspect_tells_what_is_there_and_what_is_missing() {
    let folder = run_folder();
    let run = folder.path().join("dumps/run");
    let mut features = super::common::noise(40, 5, 3);
    features.column_mut(2).fill(1.0);
    features[[4, 0]] = f32::NAN;
    let again = features.row(7).to_owned();
    features.row_mut(8).assign(&again);
    super::common::write(&run.join("id/train/features.npy"), &features);
    fs::remove_file(run.join("ood/far/features.npy")).unwrap();
    let text = stdout(folder.path(), &["inspect", "-q"]);
    for part in [
        "id/train",
        "(40, 5)",
        "f32",
        "4 distinct",
        "mahalanobis",
        "lacks ood/far/features.npy",
        "1 row with NaN or infinite values, the first is row 4",
        "rows that repeat an earlier one: 1",
        "columns that never change: 1",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let json = stdout(folder.path(), &["inspect", "-q", "--format", "json"]);
    let facts: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let is = |fact: &&serde_json::Value| fact["part"] == "scores" && fact["name"] == "mahalanobis";
    assert_eq!(facts.iter().find(is).unwrap()["found"], "lacks ood/far/features.npy");
    assert!(stdout(folder.path(), &["inspect", "-q", "--format", "csv"]).contains("\nrun,scores,mds,ready\n"));
    let markdown = stdout(folder.path(), &["inspect", "-q", "--format", "markdown"]);
    assert!(markdown.starts_with("| run | part | name | found |\n|---|---|---|---|\n"), "{markdown}");
}

#[test]
fn fig1_says_which_folder_and_which_run_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let dumps = fixture("dumps");
    let output =
        oodbench(folder.path()).args(["plot", dumps.to_str().unwrap(), "--fig1", "--out", "figures"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let svg = fs::read_to_string(folder.path().join("figures/fig1.svg")).unwrap();
    for part in ["IN-DISTRIBUTION=CIFAR10 | MODEL=SmallCNN | LOSS=IsoMax+", "Quantity", "Minimum distance", "svhn"] {
        assert!(svg.contains(part), "no {part}");
    }
    assert!(fs::read(folder.path().join("figures/fig1.png")).unwrap().starts_with(b"\x89PNG"));
    let only = fixture("dumps/smallcnn-cifar10-isomax-seed1");
    let output =
        oodbench(folder.path()).args(["plot", only.to_str().unwrap(), "--fig1", "--out", "none"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no run trained with IsoMax+"));
    assert!(!folder.path().join("none").exists());
    let output = oodbench(folder.path()).args(["plot"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_default_folder_is_said() {
    let folder = run_folder();
    let output = oodbench(folder.path()).args(["score", "--score", "mps"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("reading dumps/\n"));
    let empty = tempfile::tempdir().unwrap();
    let output = oodbench(empty.path()).args(["score"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("found no folder dumps/ here"));
}

#[test]
fn completions_and_wrong_arguments() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(folder.path(), &["completions", shell]).contains("oodbench"), "{shell}");
    }
    for arguments in [&["score", "--procedure", "fpr95"][..], &["score", "--threads", "0"], &["nonsense"], &[]] {
        assert_eq!(oodbench(folder.path()).args(arguments).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let folder = run_folder();
    let program = assert_cmd::cargo::cargo_bin("oodbench");
    let mut child = std::process::Command::new(program)
        .current_dir(folder.path())
        .args(["score", "-q", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
