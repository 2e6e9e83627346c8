//! `oodbench latency` on data of a few rows: what it says, not how long anything takes.

use std::path::Path;

use super::common::oodbench;
use oodbench::score::REGISTRY;
use serde_json::Value;

const SMALL: &[&str] =
    &["latency", "-q", "--batch", "1,4", "--features", "8", "--train-rows", "90", "--rounds", "3", "--classes"];

/// Standard output, standard error, exit code.
fn run(folder: &Path, classes: &str, more: &[&str]) -> (String, String, i32) {
    let output = oodbench(folder).args(SMALL).arg(classes).args(more).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn json(folder: &Path, classes: &str, more: &[&str]) -> Value {
    let (stdout, stderr, code) = run(folder, classes, &[&["--format", "json"], more].concat());
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

const MEASUREMENT: [&str; 14] = [
    "classes",
    "batch",
    "kind",
    "id",
    "title",
    "p50_ns",
    "p95_ns",
    "min_ns",
    "per_arg_max",
    "added_p50_ns",
    "added_p95_ns",
    "added_per_arg_max",
    "samples",
    "batches_per_sample",
];

#[test]
fn json_fields_are_the_interface() {
    let folder = tempfile::tempdir().unwrap();
    let report = json(folder.path(), "3", &["--score", "mds"]);
    let mut names =
        ["machine", "features", "train_rows", "rounds", "clock_overhead_ns", "measurements", "unmeasured"].to_vec();
    names.sort_unstable();
    assert_eq!(keys(&report), names);
    assert_eq!(keys(&report["machine"]), ["instructions", "oodbench", "processor", "system", "threads"]);
    let mut names = MEASUREMENT.to_vec();
    names.sort_unstable();
    for measurement in report["measurements"].as_array().unwrap() {
        assert_eq!(keys(measurement), names);
    }
    assert_eq!((&report["features"], &report["train_rows"], &report["rounds"]), (&8.into(), &90.into(), &3.into()));
}

#[test]
fn csv_has_the_same_fields_and_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, _, code) = run(folder.path(), "3,5", &["--format", "csv", "--score", "mds,energy"]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], MEASUREMENT.join(","));
    // Four parts of the classifier and two scores, by two numbers of classes and two batches.
    assert_eq!(lines.len(), 1 + 6 * 4);
    assert!(lines[1].starts_with("3,1,reference,read_block,Reading the rows,"), "{}", lines[1]);
}

#[test]
fn every_score_is_measured_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let report = json(folder.path(), "3", &[]);
    let measurements = report["measurements"].as_array().unwrap();
    for entry in REGISTRY {
        let measured = measurements.iter().filter(|m| m["id"] == entry.id && m["kind"] == "score").count();
        let named = report["unmeasured"].as_array().unwrap().iter().filter(|u| u["score"] == entry.id).count();
        assert!((measured, named) == (2, 0) || (measured, named) == (0, 1), "{}: {measured} {named}", entry.id);
    }
    // What the first of all commits could do must not become inapplicable unseen.
    for id in ["mds", "es", "mps", "max_logit", "energy", "mahalanobis"] {
        assert!(measurements.iter().any(|m| m["id"] == id), "{id}");
    }
}

#[test]
fn costs_are_told_in_units_of_the_arg_max() {
    let folder = tempfile::tempdir().unwrap();
    let report = json(folder.path(), "3", &["--score", "mds,es"]);
    let measurements = report["measurements"].as_array().unwrap();
    let number = |of: &Value, name: &str| of[name].as_f64().unwrap();
    for batch in [1, 4] {
        let of_batch: Vec<&Value> = measurements.iter().filter(|m| m["batch"] == batch).collect();
        let arg_max = of_batch.iter().find(|m| m["id"] == "arg_max").unwrap();
        let unit = number(arg_max, "p50_ns");
        assert!(unit > 0.0);
        for m in of_batch {
            assert!((number(m, "per_arg_max") - number(m, "p50_ns") / unit).abs() < 1e-12, "{m}");
            assert!(number(m, "min_ns") <= number(m, "p50_ns") && number(m, "p50_ns") <= number(m, "p95_ns"), "{m}");
            assert_eq!(m["samples"], 3);
            if m["kind"] == "score" {
                let added = number(m, "added_p50_ns") / unit;
                assert!((number(m, "added_per_arg_max") - added).abs() < 1e-12, "{m}");
            } else {
                assert!(m["added_p50_ns"].is_null() && m["added_p95_ns"].is_null() && m["added_per_arg_max"].is_null());
            }
        }
    }
}

#[test]
fn out_has_the_measurements_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let (table, _, code) = run(folder.path(), "3,5", &["--score", "mds,mds,minimum_distance", "--out", "out"]);
    assert_eq!(code, 0);
    assert_eq!(table.matches("Minimum distance").count(), 2, "{table}");
    assert!(table.contains(" 5 classes"), "{table}");
    let out = folder.path().join("out");
    let mut names: Vec<String> =
        std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["latency.json", "latency.md", "latency.png", "latency.svg"]);
    let text = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let report: Value = serde_json::from_str(&text("latency.json")).unwrap();
    assert_eq!(report["measurements"].as_array().unwrap().len(), 5 * 4);
    let markdown = text("latency.md");
    let headings = ["## What the minimum distance adds to a classifier", "## 3 classes", "## 5 classes"];
    assert!(headings.iter().all(|heading| markdown.contains(heading)), "{markdown}");
    assert!(text("latency.svg").contains("Minimum distance"));
    assert!(std::fs::read(out.join("latency.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str], &str); 4] = [
        ("3", &["--score", "enrgy"], "unknown score \"enrgy\"; did you mean energy?"),
        ("91", &["--score", "mds"], "found 90 training rows, expected at least 91"),
        ("1", &["--score", "mds"], "found 1 classes, expected at least 2"),
        ("0", &["--score", "mds"], "invalid value '0'"),
    ];
    for (classes, more, message) in cases {
        let (stdout, stderr, code) = run(folder.path(), classes, &[&["--out", "out"], more].concat());
        assert_eq!((stdout.as_str(), code), ("", 2), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
        assert!(!folder.path().join("out").exists());
    }
}
