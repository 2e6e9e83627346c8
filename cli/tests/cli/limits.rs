//! Numbers that nobody can mean: one line, instead of work without end.

use std::path::Path;
use std::time::Duration;

use super::common::{oodbench, small_run};

fn refused(folder: &Path, arguments: &[&str]) -> String {
    // Who is killed has no exit code.
    let output =
        oodbench(folder).args(["score", "--score", "mps"]).args(arguments).timeout(Duration::from_secs(20)).output();
    let output = output.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let error = said.lines().last().unwrap_or_default().to_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(error.starts_with("error: "), "{arguments:?}: {said}");
    error
}

#[test]
fn more_draws_or_threads_than_make_sense() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    for draws in ["100000000000", "18446744073709551615", "100001"] {
        let error = refused(folder.path(), &["--bootstrap", draws]);
        assert!(error.contains(draws) && error.contains("expected at most 100000"), "{error}");
    }
    for threads in ["1000", "100000", "18446744073709551615"] {
        let error = refused(folder.path(), &["--threads", threads]);
        assert!(error.contains(threads) && error.contains("expected at most"), "{error}");
    }
    let mut command = oodbench(folder.path());
    command.env("RAYON_NUM_THREADS", "100000").args(["score", "--score", "mps"]).timeout(Duration::from_secs(20));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("RAYON_NUM_THREADS: found 100000"));
    // What is allowed works.
    let mut command = oodbench(folder.path());
    assert!(command.args(["score", "--score", "mps", "--threads", "64"]).output().unwrap().status.success());
}

#[test]
fn too_few_draws_for_a_level() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    for (draws, level, fewest) in
        [("1", "95", 40), ("39", "95", 40), ("100", "99.999", 200_000), ("19", "90", 20), ("0", "50", 4)]
    {
        let error = refused(folder.path(), &["--bootstrap", draws, "--level", level]);
        let expected =
            if fewest > 100_000 { "100000 draws are enough".to_owned() } else { format!("at least {fewest} ") };
        assert!(error.contains(&expected), "{error}");
    }
    for (level, remedy) in
        [("0.95", "--level 95 "), ("0.999", "--level 99.9 "), ("100", "e.g. 95"), ("-1", "e.g. 95"), ("nan", "e.g. 95")]
    {
        let error = refused(folder.path(), &["--bootstrap", "200", &format!("--level={level}")]);
        assert!(error.contains(remedy), "{error}");
    }
}

/// A constant score has Lee's AUROC −0.0.
#[test]
fn zero_has_no_sign() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("dumps/run");
    small_run(&run);
    for (split, rows) in [("id/test", 40), ("ood/near", 30), ("ood/far", 20)] {
        super::common::write(&run.join(split).join("logits.npy"), &ndarray::Array2::<f32>::zeros((rows, 4)));
    }
    for format in ["table", "markdown", "csv", "json"] {
        let arguments =
            ["score", "-q", "--score", "mps", "--bootstrap", "40", "--procedure", "all", "--format", format];
        let text = String::from_utf8(oodbench(folder.path()).args(arguments).output().unwrap().stdout).unwrap();
        assert!(text.contains('0') && !text.contains("-0"), "{text}");
    }
    let text = oodbench(folder.path()).args(["compare", "-q", "--score", "mps,energy"]).output().unwrap().stdout;
    assert!(!String::from_utf8(text).unwrap().contains("-0"), "compare");
}
