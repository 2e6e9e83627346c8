//! Intervals and significance on the command line.

use std::path::Path;

use super::common::{fixture, oodbench};
use serde_json::Value;

const RUN: &str = "dumps/smallcnn-cifar10-isomax-plus-seed1";

fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let run = fixture(RUN);
    let output =
        oodbench(folder).env("COLUMNS", "240").arg(arguments[0]).arg(run).args(&arguments[1..]).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_record_gets_an_interval_that_depends_on_the_seed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let json = |more: &[&str]| {
        let arguments = ["score", "-q", "--score", "mds,es", "--format", "json", "--bootstrap", "200"];
        stdout(folder.path(), &[&arguments[..], more].concat())
    };
    let plain = json(&[]);
    assert_eq!(plain, json(&["--threads", "3"]));
    assert_ne!(plain, json(&["--seed", "1"]));
    let width = |text: &str| -> f64 {
        let mut records: Vec<Value> = serde_json::from_str(text).unwrap();
        // A mean over OOD sets has no interval.
        records.retain(|record| record["mean_over"].is_null());
        assert_eq!(records.len(), 2 * 2 * 12);
        let width = |record: &Value| {
            let of = |name: &str| record[name].as_f64().unwrap();
            // Ties of rows drawn twice lower the figures of Lee's procedure, if only a little.
            assert!(of("low") <= of("value") + 0.02 && of("value") <= of("high") + 0.02, "{record}");
            of("high") - of("low")
        };
        records.iter().map(width).sum()
    };
    assert!(width(&json(&["--level", "50"])) < 0.6 * width(&plain));
}

#[test]
fn intervals_are_in_the_table_and_in_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["score", "-q", "--score", "mds", "--bootstrap", "50", "--out", "out"];
    let table = stdout(folder.path(), &arguments);
    assert!(table.lines().any(|line| line.matches(", ").count() == 5 && line.matches(']').count() == 5), "{table}");
    let csv = std::fs::read_to_string(folder.path().join("out/records.csv")).unwrap();
    assert!(csv.starts_with("run,in_distribution,ood,group,score,procedure,metric,value,low,high,level,"), "{csv}");
    let parquet = std::fs::read(folder.path().join("out/records.parquet")).unwrap();
    assert!(parquet.windows(4).any(|bytes| bytes == b"high"));
}

#[test]
fn wrong_options_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in
        [&["--bootstrap", "0"][..], &["--level", "95"], &["--bootstrap", "10", "--level", "100"], &["--seed", "1"]]
    {
        let output = oodbench(folder.path()).arg("score").args(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn compare_marks_the_best_and_its_equals() {
    let folder = tempfile::tempdir().unwrap();
    let json = stdout(folder.path(), &["compare", "-q", "--score", "mds,es,mps,max_logit", "--format", "json"]);
    let lines: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(lines.len(), 2 * 4);
    for set in lines.chunks(4) {
        let auroc = |line: &Value| line["auroc"].as_f64().unwrap();
        let best = set.iter().find(|line| line["p"].is_null()).unwrap();
        assert!(set.iter().all(|line| auroc(line) <= auroc(best) && line["best"] == best["score"]));
        for line in set.iter().filter(|line| !line["p"].is_null()) {
            let of = |name: &str| line[name].as_f64().unwrap();
            assert!((of("difference") - (of("auroc") - auroc(best))).abs() < 1e-12);
            assert!(of("p") <= of("p_holm") && of("p_holm") <= 1.0);
        }
    }
    let table = stdout(folder.path(), &["compare", "-q", "--score", "mds,max_logit"]);
    assert_eq!(table.lines().skip(2).filter(|line| line.contains(" *")).count(), 2, "{table}");
    let csv = stdout(folder.path(), &["compare", "-q", "--score", "mds,es", "--format", "csv"]);
    assert!(csv.starts_with("run,in_distribution,ood,group,score,auroc,standard_error,best,difference,z,p,p_holm\n"));
}
