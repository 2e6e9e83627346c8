//! What a user should know beside the figures, on standard error.

use crate::option::common::Common;
use oodbench::table::Results;
use oodbench::table::remark::{self, Remark};

/// Warnings always (unless quiet), notes and what was left out if verbose.
pub(crate) fn say(results: &Results, common: &Common) {
    if common.quiet {
        return;
    }
    for warning in remark::lines(&results.warnings) {
        eprintln!("warning: {warning}");
    }
    let mut notes = results.notes.clone();
    for run in &results.runs {
        let name = &run.info.name;
        if common.verbose {
            let why = run.skipped.iter();
            notes
                .extend(why.map(|skipped| Remark::of_score(name, skipped.score, format!("left out: {}", skipped.why))));
        } else if !run.skipped.is_empty() {
            let ids: Vec<&str> = run.skipped.iter().map(|skipped| skipped.score).collect();
            notes.push(Remark::of_run(name, format!("left out (-v says why): {}", ids.join(", "))));
        }
    }
    for note in remark::lines(&notes) {
        eprintln!("note: {note}");
    }
}
