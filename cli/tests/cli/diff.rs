//! What changed between two files of records.

use std::path::Path;

use super::common::{noise, oodbench, small_run, write};

fn diff(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = oodbench(folder).arg("diff").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn records(folder: &Path, file: &str, more: &[&str]) {
    let arguments = ["score", "-q", "--score", "energy", "--format", "json"];
    let output = oodbench(folder).args(arguments).args(more).output().unwrap();
    std::fs::write(folder.join(file), output.stdout).unwrap();
}

#[test]
fn a_condition_that_is_met_is_exit_code_one() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    records(at, "old.json", &[]);
    records(at, "new.json", &["--set", "energy.temperature=5"]);
    let (code, same, said) = diff(at, &["old.json", "old.json", "--fail-if", "auroc<0"]);
    assert_eq!((code, &*same, &*said), (Some(0), "no differences in 36 values\n", ""));
    let (code, table, said) = diff(at, &["old.json", "new.json", "--fail-if", "auroc<-100pp"]);
    assert!(code == Some(0) && table.contains("tnr_at_tpr95") && said.is_empty(), "{table}{said}");
    // One way round or the other AUROC falls.
    let falls = |old: &str, new: &str| diff(at, &[old, new, "--fail-if", "lee.auroc<0pp"]);
    let (codes, said): (Vec<_>, Vec<_>) =
        [falls("old.json", "new.json"), falls("new.json", "old.json")].into_iter().map(|run| (run.0, run.2)).unzip();
    assert!(codes.contains(&Some(1)), "{codes:?} {said:?}");
    assert!(
        said.iter().any(|line| line.starts_with("failed: lee.auroc<0pp, ") && line.lines().count() == 1),
        "{said:?}"
    );
    // Whoever reads no further, as `| head` does, gets the same answer.
    let unread = |old: &str, new: &str| {
        let arguments = ["diff", old, new, "--fail-if", "lee.auroc<0pp"];
        let command = std::process::Command::new(env!("CARGO_BIN_EXE_oodbench"))
            .args(arguments)
            .current_dir(at)
            .stdout(std::process::Stdio::piped())
            .spawn();
        let mut child = command.unwrap();
        drop(child.stdout.take());
        child.wait().unwrap().code()
    };
    assert_eq!([unread("old.json", "new.json"), unread("new.json", "old.json")].as_slice(), codes.as_slice());
    // Nothing differs: no interval is needed to tell that from chance.
    let (code, same, said) = diff(at, &["old.json", "old.json", "--significant"]);
    assert_eq!((code, &*same, &*said), (Some(0), "no differences in 36 values\n", ""));
    let (code, _, said) = diff(at, &["old.json", "new.json", "--significant"]);
    assert!(
        code == Some(2) && said.contains("old.json: found no value with an interval") && said.lines().count() == 1,
        "{said}"
    );
    for file in ["old.json", "new.json"] {
        let temperature = if file == "old.json" { "energy.temperature=1" } else { "energy.temperature=1.01" };
        records(at, file, &["--bootstrap", "100", "--set", temperature]);
    }
    let (code, found, _) = diff(at, &["old.json", "new.json", "--significant", "--format", "json"]);
    assert_eq!((code, found.split_whitespace().collect::<String>()), (Some(0), "[]".to_owned()));
}

/// Metrics that have no intervals are left out and named; the others are compared by theirs.
#[test]
fn significant_differences_beside_metrics_without_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    let scored = ["--bootstrap", "100", "--procedure", "lee,autc,operating_points"];
    let near = at.join("dumps/run/ood/near/logits.npy");
    write(&near, &(noise(30, 4, 5) * 2.0));
    records(at, "old.json", &scored);
    // Logits near 0 are told from all others.
    write(&near, &(noise(30, 4, 5) * 0.001));
    records(at, "new.json", &scored);
    let arguments = ["old.json", "new.json", "--significant", "--format", "json"];
    let (code, found, said) = diff(at, &arguments);
    let found: Vec<serde_json::Value> = serde_json::from_str(&found).unwrap_or_else(|_| panic!("{found}{said}"));
    assert_eq!(code, Some(0), "{said}");
    let auroc = found.iter().find(|found| found["metric"] == "auroc" && found["ood"] == "near");
    assert!(auroc.is_some_and(|found| found["apart"] == true && found["difference"].as_f64() > Some(0.1)), "{found:?}");
    assert!(found.iter().all(|found| found["apart"] == true), "{found:?}");
    let expected = "note: left out, without intervals or the same seeds in both files: autc.autc, means, operating_points.fpr_at_tpr99_";
    assert!(said.starts_with(expected) && said.lines().count() == 1, "{said}");
    let (_, _, said) = diff(at, &[&arguments[..], &["-q"]].concat());
    assert!(said.is_empty(), "{said}");
    // A file that was scored without intervals is named.
    records(at, "new.json", &["--procedure", "lee"]);
    let (code, _, said) = diff(at, &arguments);
    assert!(code == Some(2) && said.contains("new.json: found no value with an interval"), "{said}");
}

/// Means over the same seeds are tested seed by seed, and need no intervals.
#[test]
fn seeds_are_paired() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for seed in 0..4 {
        let run = at.join(format!("dumps/run{seed}"));
        small_run(&run);
        std::fs::write(run.join("run.toml"), format!("model = \"m\"\nloss = \"softmax\"\nseed = {seed}\n")).unwrap();
        write(&run.join("id/test/logits.npy"), &(noise(40, 4, 50 + seed) * 2.0));
        write(&run.join("ood/near/logits.npy"), &(noise(30, 4, 60 + seed) * 2.0));
    }
    records(at, "old.json", &[]);
    for seed in 0..4 {
        write(&at.join(format!("dumps/run{seed}/ood/near/logits.npy")), &(noise(30, 4, 60 + seed) * 0.01));
    }
    records(at, "new.json", &[]);
    let (code, found, said) = diff(at, &["old.json", "new.json", "--significant", "--format", "json"]);
    let found: Vec<serde_json::Value> = serde_json::from_str(&found).unwrap_or_else(|_| panic!("{found}{said}"));
    assert!(code == Some(0) && said.contains("note: left out"), "{said}");
    let is_mean = |found: &&serde_json::Value| found["mean_over"] == "seeds" && found["metric"] == "auroc";
    let mean = found.iter().find(is_mean).unwrap_or_else(|| panic!("{found:?}"));
    assert!(mean["ood"] == "near" && mean["p"].as_f64() < Some(0.05) && mean["apart"] == true, "{mean}");
    assert!(found.iter().all(|found| found["p"].is_f64()), "{found:?}");
}

#[test]
fn what_is_no_condition_or_no_file_of_records_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), "[]").unwrap();
    for (arguments, expected) in [
        (vec!["a.json", "a.json", "--fail-if", "aurocc<0"], "did you mean auroc?"),
        (vec!["a.json", "no.json"], "no.json: found "),
    ] {
        let (code, _, said) = diff(folder.path(), &arguments);
        assert!(code == Some(2) && said.contains(expected), "{said}");
    }
}
