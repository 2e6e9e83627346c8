//! A short run of every target; `just fuzz` is the long one.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and say what it measured")]

use std::time::{Duration, Instant};

use oodbench_fuzz::memory;
use oodbench_fuzz::target::TARGETS;

/// Inputs of each target.
const EXECUTIONS: u64 = 500;

#[test]
fn no_reader_falls_over_a_damaged_file() {
    let place = tempfile::tempdir().unwrap();
    let mut findings = Vec::new();
    for target in TARGETS {
        let until = Instant::now() + Duration::from_secs(60);
        let outcome = oodbench_fuzz::run(target, EXECUTIONS, until, 1, place.path(), None);
        println!("{}: {} read, {} accepted", target.name, outcome.executions, outcome.accepted);
        // Seeds are sound files: a target that refuses them checks nothing.
        assert_eq!(outcome.refused_seeds, [], "{}", target.name);
        findings.extend(outcome.findings.into_iter().map(|finding| format!("{}: {}", finding.target, finding.what)));
    }
    assert!(findings.is_empty(), "{findings:#?}");
}

/// A Parquet file whose pages claim 2⁶¹ bytes, for which the process once asked the machine; and a detector with a control character in the name of a
/// parameter, which once stood in the message as it was. A Parquet file that polars breaks off on.
#[test]
fn what_was_found_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let found: [(&str, &[u8], &str); 3] = [
        ("records-parquet", include_bytes!("../found/records-parquet-claimed-size.parquet"), "parquet: "),
        (
            "array-parquet",
            include_bytes!("../found/array-parquet-panic.parquet"),
            "a.parquet: found the file is damaged",
        ),
        (
            "detector",
            include_bytes!("../found/detector-control-character.detector"),
            r"var\u{7f}ant: unknown parameter",
        ),
    ];
    for (name, input, expected) in found {
        let target = TARGETS.iter().find(|target| target.name == name).unwrap();
        let path = place.path().join(target.file);
        std::fs::write(&path, input).unwrap();
        let refusal = (target.read)(&path).unwrap_err();
        assert!(refusal.contains(expected) && !refusal.chars().any(char::is_control), "{refusal}");
    }
}

/// A list of numbers to which 4096 names lead was once made into an array for each of them: 200 MB of 20 kB.
#[test]
fn what_was_found_takes_no_more_memory() {
    let place = tempfile::tempdir().unwrap();
    let found: [(&str, &[u8]); 2] = [
        ("pkl", include_bytes!("../found/pkl-one-list-of-many-names.pkl")),
        ("pt", include_bytes!("../found/pt-one-list-of-many-names.pt")),
    ];
    for (name, input) in found {
        let target = TARGETS.iter().find(|target| target.name == name).unwrap();
        let path = place.path().join(target.file);
        std::fs::write(&path, input).unwrap();
        let before = memory::begin();
        (target.read)(&path).unwrap();
        let taken = memory::peak_since(before);
        assert!(taken < 64 << 20, "{name}: {taken} bytes for {} of file", input.len());
    }
}
