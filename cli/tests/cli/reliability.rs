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

/// Scores that cannot be fitted are left out, and the others keep their names.
#[test]
fn scores_of_all_that_cannot_be_fitted_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    // Too few rows for some.
    let train = at.join("dumps/run/id/train");
    write(&train.join("logits.npy"), &noise(12, 4, 1));
    write(&train.join("features.npy"), &noise(12, 5, 11));
    write_labels(&train.join("labels.npy"), &(0..12).map(|row| row % 4).collect::<Vec<_>>());
    for of in ["joint", "classes"] {
        let (code, found, said) = run(at, &["--of", of, "--score", "all", "--format", "json"]);
        assert!(code == Some(0) && said.contains("left out (-v says why): ") && said.contains("vim"), "{said}");
        let all: Vec<Value> = serde_json::from_str(&found).unwrap();
        assert!(all.iter().all(|row| row["score"] != "vim"), "{found}");
        // Before and behind those that are left out.
        for score in ["mps", "energy", "mahalanobis", "feature_norm"] {
            let of_all: Vec<&Value> = all.iter().filter(|row| row["score"] == score).collect();
            let own = rows(at, &["--of", of, "--score", score]);
            assert!(!own.is_empty() && own.iter().collect::<Vec<_>>() == of_all, "{of} {score}: {own:?} {of_all:?}");
        }
    }
}

/// DeLong's intervals need no draws, joint reliability has none.
#[test]
fn options_of_intervals_are_those_of_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    write(&at.join("dumps/run/id/test/logits.npy"), &noise(200, 4, 2));
    write(&at.join("dumps/run/id/test/features.npy"), &noise(200, 5, 12));
    write_labels(&at.join("dumps/run/id/test/labels.npy"), &[1; 200]);
    write(&at.join("dumps/run/ood/near/logits.npy"), &noise(100, 4, 3));
    write(&at.join("dumps/run/ood/near/features.npy"), &noise(100, 5, 13));
    let width = |level: &str| {
        let found = rows(at, &["--of", "classes", "--score", "energy", "--level", level]);
        let near = found.iter().find(|row| row["ood"] == "near").unwrap();
        assert_eq!(near["level"].as_f64().map(|level| (level * 100.0).round()), level.parse().ok());
        near["high"].as_f64().unwrap() - near["low"].as_f64().unwrap()
    };
    assert!(width("90") < width("99"));
    for (arguments, expected) in [
        (&["--of", "classes", "--bootstrap", "1000"][..], "--bootstrap: expected none"),
        (&["--of", "classes", "--level", "0.9"], "write --level 90"),
        (&["--of", "joint", "--bootstrap", "1000"], "--bootstrap: expected none"),
        (&["--of", "joint", "--level", "90"], "--level: expected none"),
        (&["--level", "90"], "add --bootstrap 1000"),
    ] {
        let (code, _, said) = run(at, &[&["-q", "--score", "energy"], arguments].concat());
        assert!(code == Some(2) && said.contains(expected) && said.lines().count() == 1, "{arguments:?}: {said}");
    }
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

/// Every kind in every format: as many lines of csv as objects of json, with the same names.
#[test]
fn csv_has_the_fields_of_json() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    for of in ["calibration", "joint", "classes"] {
        let objects = rows(folder.path(), &["--of", of]);
        let (code, csv, said) = run(folder.path(), &["--of", of, "-q", "--format", "csv"]);
        assert_eq!(code, Some(0), "{of}: {said}");
        let mut lines = csv.lines();
        let mut names: Vec<&str> = lines.next().unwrap().split(',').collect();
        let mut fields: Vec<&String> = objects[0].as_object().unwrap().keys().collect();
        names.sort_unstable();
        fields.sort_unstable();
        assert_eq!((names.len(), lines.count()), (fields.len(), objects.len()), "{of}");
        assert!(names.iter().zip(fields).all(|(name, field)| name == field), "{of}: {csv}");
        assert_eq!(run(folder.path(), &["--of", of, "--format", "markdown"]).0, Some(0), "{of}");
    }
}
