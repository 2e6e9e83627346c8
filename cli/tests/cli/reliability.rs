//! Calibration, joint reliability and AUROC by class of a dump.

use std::path::Path;

use serde_json::Value;

use super::common::{fixture, noise, oodbench, small_run, write, write_labels};

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = oodbench(folder).arg("reliability").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn rows(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let (code, found, said) = run(folder, &[arguments, &["-q", "--format", "json"]].concat());
    assert_eq!(code, Some(0), "{said}");
    serde_json::from_str(&found).unwrap()
}

#[test]
fn predictions_are_calibrated_or_not() {
    let run_of_isomax = fixture("dumps/smallcnn-cifar10-isomax-plus-seed1");
    let at = run_of_isomax.to_str().unwrap();
    let found = rows(Path::new("."), &[at, "--bootstrap", "100"]);
    // Seven values at T = 1 and at the fitted T.
    assert_eq!(found.len(), 14);
    let value = |fitted: bool, metric: &str| {
        let row = found.iter().find(|row| row["fitted"] == fitted && row["metric"] == metric).unwrap();
        (row["value"].as_f64().unwrap(), row["low"].as_f64())
    };
    // IsoMax trains with an entropic scale that the logits of a dump are without: at T = 1 the network is far too unsure.
    assert!(value(false, "confidence_gap").0 < -0.5 && value(true, "confidence_gap").0.abs() < 0.05);
    for metric in ["nll", "brier", "ece_width15_l1", "ece_mass15_l1", "ece_mass15_l2"] {
        assert!(value(false, metric).0 > value(true, metric).0, "{metric}");
    }
    assert_eq!(value(false, "accuracy").0, value(true, "accuracy").0);
    assert!(value(false, "nll").1.is_some() && value(false, "ece_width15_l1").1.is_none());
    let (_, table, _) = run(Path::new("."), &[at]);
    assert!(table.contains("ECE (15 equal widths)") && table.contains("(fitted)"), "{table}");
}

#[test]
fn shifted_rows_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    write(&folder.path().join("dumps/run/csid/fog/logits.npy"), &noise(24, 4, 9));
    write_labels(&folder.path().join("dumps/run/csid/fog/labels.npy"), &[1; 24]);
    let found = rows(folder.path(), &[]);
    for (set, rows) in [("id/test", 40), ("csid/fog", 24)] {
        assert_eq!(found.iter().filter(|row| row["set"] == set && row["rows"] == rows).count(), 7, "{found:?}");
    }
    // These labels say nothing: no temperature is the most likely one, and that is said.
    let (_, _, said) = run(folder.path(), &[]);
    assert!(said.contains("temperature"), "{said}");
}

#[test]
fn both_kinds_of_error_together() {
    let run = fixture("dumps/smallcnn-cifar10-isomax-plus-seed1");
    let found = rows(Path::new("."), &[run.to_str().unwrap(), "--of", "joint", "--score", "mps,mds"]);
    let value = |row: &Value, name: &str| row[name].as_f64().unwrap();
    for row in &found {
        assert!(value(row, "ds_f1") >= value(row, "f1"), "{row}");
        if row["score"] == "mps" && row["variant"] == "exact" {
            assert_eq!((value(row, "ds_f1"), value(row, "ds_aurc")), (value(row, "f1"), value(row, "aurc")));
        }
    }
    assert!(found.iter().any(|row| row["score"] == "mds" && value(row, "ds_f1") > value(row, "f1")));
}

/// The AUROCs of the classes, weighted by their rows, make that of all rows.
#[test]
fn one_auroc_per_class() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    write_labels(&at.join("dumps/run/ood/near/labels.npy"), &(0..30).map(|row| 100 + row % 3).collect::<Vec<_>>());
    let output = oodbench(at).args(["score", "--score", "energy", "-q", "--format", "json"]).output().unwrap();
    let records: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let found = rows(at, &["--of", "classes", "--score", "energy"]);
    for (ood, side) in [("near", "id"), ("near", "ood"), ("far", "id")] {
        let own: Vec<&Value> = found.iter().filter(|row| row["ood"] == ood && row["side"] == side).collect();
        let rows = |row: &Value| row["rows"].as_f64().unwrap();
        let all: f64 = own.iter().map(|row| rows(row)).sum();
        let mean = own.iter().map(|row| row["auroc"].as_f64().unwrap() * rows(row)).sum::<f64>() / all;
        let is_whole =
            |record: &&Value| record["ood"] == ood && record["procedure"] == "openood" && record["metric"] == "auroc";
        let whole = records.iter().find(is_whole).unwrap()["value"].as_f64().unwrap();
        assert!((mean - whole).abs() < 1e-12, "{ood} {side}: {mean} {whole}");
    }
    assert!(found.iter().all(|row| !(row["ood"] == "far" && row["side"] == "ood")));
    let (_, table, said) = run(at, &["--of", "classes", "--score", "energy"]);
    assert!(table.contains("AUROC %") && said.contains("classes of fewer than 50 rows have no interval"), "{said}");
}

#[test]
fn what_is_missing_is_named_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    std::fs::remove_file(at.join("dumps/run/id/test/labels.npy")).unwrap();
    for of in ["calibration", "joint", "classes"] {
        let (code, _, said) = run(at, &["--of", of, "-q", "--score", "energy"]);
        assert!(code == Some(2) && said.contains("id/test/labels.npy: missing") && said.lines().count() == 1, "{said}");
    }
}
