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
        let best = set.iter().find(|line| line["verdict"] == "best").unwrap();
        assert!(best["p"].is_null() && best["p_adjusted"].is_null());
        assert!(set.iter().all(|line| auroc(line) <= auroc(best) && line["best"] == best["score"]));
        for line in set.iter().filter(|line| line["verdict"] != "best") {
            let of = |name: &str| line[name].as_f64().unwrap();
            assert_eq!(line["verdict"] == "worse", of("p_adjusted") < 0.05);
            assert!((of("difference") - (of("auroc") - auroc(best))).abs() < 1e-12);
            assert!(of("p_adjusted") > 0.0 && of("p_adjusted") <= 1.0);
        }
    }
    let table = stdout(folder.path(), &["compare", "-q", "--score", "mds,max_logit"]);
    assert_eq!(table.lines().skip(7).filter(|line| line.contains(" *")).count(), 2, "{table}");
    let csv = stdout(folder.path(), &["compare", "-q", "--score", "mds,es", "--format", "csv"]);
    assert!(csv.starts_with("run,in_distribution,ood,group,score,auroc,standard_error,best,difference,z,p,below,p_adjusted,verdict,untested\n"));
}

/// One row does not vary: nothing is tested or marked, and it is said why.
#[test]
fn compare_tests_nothing_on_one_row() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("dumps/run");
    super::common::small_run(&run);
    super::common::write(&run.join("ood/far/logits.npy"), &super::common::noise(1, 4, 9));
    super::common::write(&run.join("ood/far/features.npy"), &super::common::noise(1, 5, 9));
    let compare = |format: &str| {
        let arguments = ["compare", "dumps", "-q", "--score", "mps,energy,max_logit", "--format", format];
        String::from_utf8(oodbench(folder.path()).args(arguments).output().unwrap().stdout).unwrap()
    };
    let lines: Vec<Value> = serde_json::from_str(&compare("json")).unwrap();
    for line in &lines {
        let tested = line["ood"] == "near";
        assert_eq!(line["verdict"] == "untested", !tested, "{line}");
        let missing = ["standard_error", "z", "p", "p_adjusted"].map(|name| line[name].is_null());
        assert!(tested || missing == [true; 4], "{line}");
        assert_eq!(line["untested"].as_str().is_some_and(|why| why.contains("1 OOD row")), !tested, "{line}");
    }
    let table = compare("table");
    assert!(table.contains("not tested: run, far: found 1 OOD row"), "{table}");
    let far: Vec<&str> = table.lines().skip_while(|line| !line.starts_with(" far")).take(3).collect();
    assert!(far.len() == 3 && far.iter().all(|line| !line.contains(['*', '=']) && !line.contains("NaN")), "{table}");
}
