//! `compare --test`: questions beyond the best score on the rows of a set, from dumps and from records.

use std::path::Path;

use serde_json::Value;

use super::common::{oodbench, small_run};

fn run(folder: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

/// Two runs in dumps/, and their records in out/.
fn dumps_and_records() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/a"));
    small_run(&folder.path().join("dumps/b"));
    let (_, said, code) = run(folder.path(), &["score", "dumps", "-q", "--score", "mps,energy,es", "--out", "out"]);
    assert_eq!(code, Some(0), "{said}");
    folder
}

const SCORES: [&str; 2] = ["--score", "mps,energy,es"];

#[test]
fn ranks_are_the_same_from_dumps_and_from_records() {
    let folder = dumps_and_records();
    let ranks = |source: &str, format: &str| {
        let arguments = [&["compare", source, "-q", "--test", "ranks", "--format", format][..], &SCORES].concat();
        let (out, said, code) = run(folder.path(), &arguments);
        assert_eq!(code, Some(0), "{said}");
        out
    };
    let json = ranks("dumps", "json");
    // A file, a folder of files, a folder of such folders.
    for source in ["out/records.csv", "out/records.parquet", "out", "."] {
        assert_eq!(ranks(source, "json"), json, "{source}");
    }
    let lines: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(lines.len(), 2 * 3);
    assert!(lines.iter().all(|line| line["sets"] == 2 && line["metric"] == "auroc" && line["procedure"] == "openood"));
    let mean: f64 = lines[..3].iter().map(|line| line["mean_rank"].as_f64().unwrap()).sum::<f64>() / 3.0;
    assert!((mean - 2.0).abs() < 1e-12, "ranks 1 to 3 have the mean 2: {json}");
    let table = ranks("out", "table");
    assert!(table.contains("a: 3 scores on 2 sets by openood auroc: F(2, 2) = "), "{table}");
    assert!(table.contains("caution: a: 2 sets: tests over sets need 5 and more"), "{table}");
    assert!(ranks("out", "markdown").contains("| score | mean rank |"));
}

#[test]
fn what_cannot_be_compared_is_said_in_one_line() {
    let folder = dumps_and_records();
    let said = |arguments: &[&str]| {
        let (_, said, code) = run(folder.path(), arguments);
        assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
        said
    };
    let found = said(&["compare", "out", "-q"]);
    assert!(found.contains("found records, expected dumps"), "{found}");
    let found = said(&["compare", "out", "dumps", "-q", "--test", "ranks"]);
    assert!(found.contains("expected dumps alone or records alone"), "{found}");
    let found = said(&["compare", "out", "-q", "--test", "ranks", "--metric", "oscr.oscr"]);
    assert!(found.contains("found no oscr.oscr among the records") && found.contains("lee.auroc"), "{found}");
    let found = said(&["compare", "out", "-q", "--test", "ranks", "--score", "es"]);
    assert!(found.contains("expected at least 2 of each to rank"), "{found}");
    let found = said(&["plot", "out", "-q", "--roc"]);
    assert!(found.contains("found records, expected dumps"), "{found}");
    let (_, found, code) = run(folder.path(), &["compare", "out", "--test", "ranks", "--metric", "aurocc"]);
    assert!(code == Some(2) && found.contains("did you mean auroc?"), "{found}");
}

/// Records that `score --out` wrote into the folder of a run, or beside runs, hide neither.
#[test]
fn records_hide_no_dumps() {
    let folder = dumps_and_records();
    let at = folder.path();
    let score = |run_of: &str, out: &str| {
        let (_, said, code) = run(at, &["score", run_of, "-q", "--score", "mps,energy,es", "--out", out]);
        assert_eq!(code, Some(0), "{said}");
    };
    let ranks = |source: &str| run(at, &["compare", source, "-q", "--test", "ranks", "--format", "json"]).0;
    let before = [ranks("dumps/a"), ranks("dumps")];
    score("dumps/a", "dumps/a");
    score("dumps/a", "dumps/out");
    for source in ["dumps/a", "dumps"] {
        for arguments in [&["compare", source][..], &["plot", source, "--hist", "mps", "--out", "plots"]] {
            let (_, said, code) = run(at, &[arguments, &["-q"]].concat());
            assert_eq!(code, Some(0), "{arguments:?}: {said}");
        }
    }
    // Of both runs: records of one lie beside them.
    assert_eq!([ranks("dumps/a"), ranks("dumps")], before);
    // What needs records finds them.
    let (_, said, code) = run(at, &["leaderboard", "dumps/a", "--out", "board"]);
    assert_eq!(code, Some(0), "{said}");
}

/// Aliases are those of the list, and a score without records is named.
#[test]
fn scores_of_records_are_named_as_those_of_dumps() {
    let folder = dumps_and_records();
    for test in ["ranks", "seeds", "bayes"] {
        let compare = |scores: &str| {
            run(folder.path(), &["compare", "out", "-q", "--test", test, "--format", "json", "--score", scores])
        };
        assert_eq!(compare("msp,energy"), compare("mps,energy"), "{test}");
        let (_, said, code) = compare("mds,energy");
        let expected = "found no records of the score mds, expected one of energy, es, mps";
        assert!(code == Some(2) && said.contains(expected) && said.lines().count() == 1, "{said}");
        let (_, said, code) = compare("enrgy");
        assert!(code == Some(2) && said.contains("did you mean energy?"), "{said}");
    }
}

#[test]
fn a_test_of_the_auroc_takes_no_other_metric() {
    let folder = dumps_and_records();
    for test in ["best", "sanity"] {
        let compare =
            |metric: &str| run(folder.path(), &["compare", "dumps", "-q", "--test", test, "--metric", metric]);
        let (_, said, code) = compare("lee.tnr_at_tpr95");
        let expected = format!("--metric: --test {test} compares AUROC; --test rows takes any metric");
        assert!(code == Some(2) && said.contains(&expected) && said.lines().count() == 1, "{said}");
        assert!(!compare("auroc").1.contains("--metric") && !compare("openood.auroc").1.contains("--metric"));
    }
    let (_, said, code) = run(folder.path(), &["compare", "dumps", "--test", "rows", "--metric", "opnood.auroc"]);
    assert!(code == Some(2) && said.contains("did you mean openood?"), "{said}");
}

/// An option that would change nothing is refused.
#[test]
fn options_of_other_tests_are_refused() {
    let folder = dumps_and_records();
    for (test, option, value, expected) in [
        ("best", "--draws", "200", "--draws: found it with --test best, expected --test rows, seeds or smallest"),
        ("ranks", "--seed", "1", "--seed: found it with --test ranks, expected --test rows, seeds or smallest"),
        ("rows", "--rope", "1", "--rope: found it with --test rows, expected --test bayes"),
    ] {
        let (_, said, code) = run(folder.path(), &["compare", "dumps", "--test", test, option, value]);
        assert!(code == Some(2) && said.lines().count() == 1 && said.contains(expected), "{said}");
    }
}

/// Draws are announced where rows are drawn, DeLong's components where they are kept.
#[test]
fn memory_is_that_of_what_is_kept() {
    let folder = dumps_and_records();
    let said = |test: &str, metric: &str| {
        let arguments = ["compare", "dumps", "-v", "--test", test, "--metric", metric, "--draws", "100"];
        run(folder.path(), &[&arguments[..], &SCORES].concat()).1
    };
    for test in ["seeds", "smallest"] {
        assert!(said(test, "openood.auroc").contains("note: DeLong's components of 12 values take "), "{test}");
        assert!(said(test, "lee.dtacc").contains("note: 100 draws of 12 values take "), "{test}");
    }
    assert!(said("rows", "openood.auroc").contains("note: 100 draws of 12 values take "));
}

#[test]
fn critical_differences_are_drawn_from_records() {
    let folder = dumps_and_records();
    let (_, said, code) = run(folder.path(), &["plot", "out", "--critical-differences", "--out", "plots"]);
    assert_eq!(code, Some(0), "{said}");
    for name in ["ranks-a.png", "ranks-a.svg", "ranks-b.png", "ranks-b.svg"] {
        assert!(folder.path().join("plots").join(name).is_file(), "{name}: {said}");
    }
    let svg = std::fs::read_to_string(folder.path().join("plots/ranks-a.svg")).unwrap();
    assert!(svg.contains("energy") && svg.contains("critical difference"), "{svg}");
}

#[test]
fn draws_of_rows_are_the_same_for_any_number_of_threads_and_any_metric() {
    let folder = dumps_and_records();
    let rows = |more: &[&str]| {
        let arguments = [&["compare", "dumps/a", "-q", "--test", "rows", "--draws", "200"][..], &SCORES, more].concat();
        let (out, said, code) = run(folder.path(), &arguments);
        assert_eq!(code, Some(0), "{said}");
        out
    };
    let json = rows(&["--format", "json"]);
    assert_eq!(rows(&["--format", "json", "--threads", "3"]), json);
    assert_ne!(rows(&["--format", "json", "--seed", "1"]), json);
    let lines: Vec<Value> = serde_json::from_str(&json).unwrap();
    // Two sets and their mean.
    assert_eq!(lines.len(), 3 * 3);
    for line in &lines {
        let of = |name: &str| line[name].as_f64().unwrap();
        assert!(of("rank_low") <= of("rank") && of("rank") <= of("rank_high") && of("standard_error") > 0.0, "{line}");
        if line["verdict"] != "best" {
            assert!(of("difference_low") <= of("difference") && of("difference") <= of("difference_high"), "{line}");
        }
    }
    let table = rows(&["--metric", "lee.dtacc"]);
    assert!(table.contains("Percent, lee dtacc") && table.contains("mean of 2"), "{table}");
    for (wrong, expected) in [
        (&["--metric", "autc.autc"][..], "reads scores as numbers"),
        (&["--draws", "10"], "--draws: found 10, expected 100 to 100000"),
    ] {
        let arguments = [&["compare", "dumps/a", "-q", "--test", "rows"][..], wrong].concat();
        let (_, said, code) = run(folder.path(), &arguments);
        assert!(code == Some(2) && said.lines().count() == 1 && said.contains(expected), "{said}");
    }
}

/// Three seeds of one network, tested on the same rows.
#[test]
fn seeds_and_rows_are_counted_from_dumps_and_seeds_alone_from_records() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..3_u32 {
        let at = folder.path().join(format!("dumps/seed{seed}"));
        small_run(&at);
        let logits = super::common::noise(30, 4, 90 + seed);
        super::common::write(&at.join("ood/near/logits.npy"), &logits);
        super::common::write(&at.join("id/test/logits.npy"), &super::common::noise(40, 4, 70 + seed));
        let info = format!("name = \"seed{seed}\"\nmodel = \"net\"\nseed = {seed}\n");
        std::fs::write(at.join("run.toml"), info).unwrap();
    }
    let (_, said, code) = run(folder.path(), &["score", "dumps", "-q", "--score", "mps,energy,es", "--out", "out"]);
    assert_eq!(code, Some(0), "{said}");
    let seeds = |source: &str| -> Vec<Value> {
        let arguments = [&["compare", source, "-q", "--test", "seeds", "--format", "json"][..], &SCORES].concat();
        let (out, said, code) = run(folder.path(), &arguments);
        assert_eq!(code, Some(0), "{said}");
        serde_json::from_str(&out).unwrap()
    };
    let (dumps, records) = (seeds("dumps"), seeds("out"));
    assert_eq!((dumps.len(), records.len()), (2 * 3, 2 * 3));
    for (dump, record) in dumps.iter().zip(&records) {
        let of = |line: &Value, name: &str| line[name].as_f64().unwrap();
        assert_eq!((dump["training"].as_str(), dump["seeds"].as_u64()), (Some("net ?"), Some(3)));
        assert!((of(dump, "mean") - of(record, "mean")).abs() < 1e-12);
        assert!((of(dump, "error_of_seeds") - of(record, "error_of_seeds")).abs() < 1e-12);
        assert!(of(dump, "standard_error") >= of(dump, "error_of_seeds") && of(dump, "error_of_rows") > 0.0);
        assert!(record["error_of_rows"].is_null());
        assert!((of(record, "standard_error") - of(record, "error_of_seeds")).abs() < 1e-12);
    }
    // As many rows with other labels are other rows: nothing is paired.
    let labels: Vec<i64> = (0..40).map(|row| row / 10).collect();
    super::common::write_labels(&folder.path().join("dumps/seed2/id/test/labels.npy"), &labels);
    assert!(seeds("dumps").iter().all(|line| line["error_of_rows"].is_null() && line["error_of_seeds"].is_number()));
    let (_, said, _) = run(folder.path(), &["compare", "dumps", "--test", "seeds"]);
    assert!(said.contains("its seeds have different labels of id/test on near"), "{said}");
}

/// All rows of id/test are classified rightly: that the AUROC of errors is not defined is said in place of leaving everything out.
#[test]
fn sets_without_a_defined_value_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("dumps/a");
    small_run(&at);
    let logits = super::common::noise(40, 4, 2);
    let largest = |row: ndarray::ArrayView1<'_, f32>| (0..4).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap() as i64;
    super::common::write(&at.join("id/test/logits.npy"), &logits);
    let labels: Vec<i64> = logits.rows().into_iter().map(largest).collect();
    super::common::write_labels(&at.join("id/test/labels.npy"), &labels);
    let compared = |test: &str, format: &str| {
        let metric = "misclassification.auroc_of_errors";
        let arguments =
            ["compare", "dumps", "-q", "--test", test, "--format", format, "--metric", metric, "--draws", "100"];
        let (out, said, code) = run(folder.path(), &[&arguments[..], &SCORES].concat());
        assert_eq!(code, Some(0), "{said}");
        out
    };
    for (test, sets) in [("rows", 3), ("smallest", 2)] {
        let lines: Vec<Value> = serde_json::from_str(&compared(test, "json")).unwrap();
        assert_eq!(lines.len(), sets * 3, "{test}");
        assert!(lines.iter().all(|line| line["value"].is_null() && line["best"].is_null()), "{lines:?}");
        let table = compared(test, "table");
        assert!(table.contains("misclassification auroc_of_errors"), "{table}");
    }
    assert!(compared("rows", "table").contains("100 draws of rows"));
    assert!(compared("rows", "table").contains("auroc_of_errors is undefined"));
}

#[test]
fn probabilities_and_smallest_differences_are_told() {
    let folder = dumps_and_records();
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let (out, said, code) = run(folder.path(), &[arguments, &["-q", "--format", "json"], &SCORES].concat());
        assert_eq!(code, Some(0), "{said}");
        serde_json::from_str(&out).unwrap()
    };
    let bayes = lines(&["compare", "out", "--test", "bayes", "--rope", "1"]);
    assert_eq!(bayes, lines(&["compare", "dumps", "--test", "bayes", "--rope", "1"]));
    assert_eq!(bayes.len(), 2 * 3);
    for line in bayes.iter().filter(|line| line["score"] != line["best"]) {
        let sum: f64 = ["p_better", "p_same", "p_worse"].map(|name| line[name].as_f64().unwrap()).iter().sum();
        assert!((sum - 1.0).abs() < 1e-12 && line["rope"] == 0.01, "{line}");
    }
    // What tests over few sets are worth is said for these as for ranks.
    let (_, said, _) = run(folder.path(), &["compare", "out", "--test", "bayes"]);
    assert!(said.contains("note: a: 2 sets: tests over sets need 5 and more"), "{said}");
    let smallest = lines(&["compare", "dumps", "--test", "smallest"]);
    assert_eq!(smallest.len(), 2 * 2 * 3);
    for line in smallest.iter().filter(|line| line["score"] != line["best"]) {
        let of = |name: &str| line[name].as_f64().unwrap();
        // (1.96 + 0.8416) standard errors; of three pairs (2.394 + 0.8416).
        assert!((of("smallest") / of("standard_error") - 2.801_585).abs() < 1e-5, "{line}");
        assert!((of("smallest_of_all_pairs") / of("standard_error") - 3.235_6).abs() < 1e-3, "{line}");
        assert_eq!((&line["id_rows"], line["alpha"].as_f64()), (&Value::from(40), Some(0.05)));
    }
    for test in ["bayes", "smallest"] {
        for format in ["table", "markdown", "csv"] {
            let (out, said, code) = run(
                folder.path(),
                &[&["compare", "dumps", "-q", "--test", test, "--format", format][..], &SCORES].concat(),
            );
            assert!(code == Some(0) && out.contains("energy"), "{said}");
        }
    }
}

#[test]
fn id_rows_of_another_kind_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("dumps/run");
    small_run(&at);
    let sanity = ["compare", "dumps", "--test", "sanity", "--score", "mps,energy,kl_matching"];
    let (_, said, code) = run(folder.path(), &sanity);
    assert!(code == Some(2) && said.contains("found no id/val"), "{said}");
    // Every other row of one array in id/test, the others in id/val.
    let all = super::common::noise(120, 4, 501);
    let rows = |first: usize| all.slice(ndarray::s![first..;2, ..]).to_owned();
    super::common::write(&at.join("id/test/logits.npy"), &rows(0));
    super::common::write_labels(&at.join("id/test/labels.npy"), &[1; 60]);
    super::common::write(&at.join("id/test/features.npy"), &super::common::noise(60, 5, 77));
    super::common::write(&at.join("id/val/logits.npy"), &rows(1));
    super::common::write_labels(&at.join("id/val/labels.npy"), &[1; 60]);
    let (out, said, code) = run(folder.path(), &sanity);
    assert!(code == Some(0) && out.contains("kl_matching (val)") && !said.contains("told apart"), "{out}{said}");
    // Ten times as confident.
    super::common::write(&at.join("id/val/logits.npy"), &rows(1).mapv(|logit| logit * 10.0));
    let (out, said, code) = run(folder.path(), &sanity);
    assert!(code == Some(0) && said.contains("id/test and id/val are told apart by"), "{out}{said}");
    assert!(out.contains("!"), "{out}");
    // So much more that nothing overlaps: an AUROC of 0 has no error of its own, and yet the clearest verdict.
    let shifted = |by: f32| {
        rows(1).mapv_into(|logit| logit / 10.0)
            + &ndarray::Array2::from_shape_fn((60, 4), |(_, class)| if class == 1 { by } else { 0.0 })
    };
    super::common::write(&at.join("id/val/logits.npy"), &shifted(100.0));
    let (out, said, code) = run(folder.path(), &[&sanity[..], &["--format", "json"]].concat());
    let lines: Vec<Value> = serde_json::from_str(&out).unwrap();
    let energy = lines.iter().find(|line| line["score"] == "energy").unwrap();
    assert!(code == Some(0) && energy["told_apart"] == true && energy["auroc"] == 0.0, "{energy}{said}");
    assert!(energy["p"].as_f64().unwrap() < 1e-9 && energy["low"].is_null(), "{energy}");
    assert!(said.contains("energy (0.0 %)"), "{said}");
}
