//! A short run of every target; `just fuzz` is the long one.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and say what it measured")]

use std::time::{Duration, Instant};

use oodbench_fuzz::target::TARGETS;

/// Inputs of each target.
const EXECUTIONS: u64 = 500;

#[test]
fn no_reader_falls_over_a_damaged_file() {
    let place = tempfile::tempdir().unwrap();
    let mut findings = Vec::new();
    for target in TARGETS {
        let until = Instant::now() + Duration::from_secs(60);
        let outcome = oodbench_fuzz::run(target, EXECUTIONS, until, 1, place.path());
        println!("{}: {} read, {} accepted", target.name, outcome.executions, outcome.accepted);
        // Seeds are sound files: a target that accepts none checks nothing.
        let seeds = (target.seeds)().len() as u64;
        assert!(outcome.accepted >= seeds, "{}: {} of {seeds} seeds accepted", target.name, outcome.accepted);
        findings.extend(outcome.findings.into_iter().map(|finding| format!("{}: {}", finding.target, finding.what)));
    }
    assert!(findings.is_empty(), "{findings:#?}");
}
