//! A short run of every target; `just fuzz` is the long one.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and say what it measured")]

use std::time::{Duration, Instant};

use oodbench_fuzz::target::TARGETS;

/// Inputs of each target.
const EXECUTIONS: u64 = 500;

/// What the long run finds and is not yet corrected: polars believes the size that a page of a Parquet file claims to have once unpacked.
const KNOWN: (&str, &str) = ("records-parquet", "takes ");

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
        let is_new = |target: &str, what: &str| !(target == KNOWN.0 && what.starts_with(KNOWN.1));
        let new = outcome.findings.into_iter().filter(|finding| is_new(finding.target, &finding.what));
        findings.extend(new.map(|finding| format!("{}: {}", finding.target, finding.what)));
    }
    assert!(findings.is_empty(), "{findings:#?}");
}
