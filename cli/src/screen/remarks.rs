//! What a user should know beside the figures, on standard error.

use crate::option::common::Common;
use oodbench::rows::watch;
use oodbench::table::Results;

/// Refuses to go on if a file that was read was written to meanwhile: values may be half of the old and half of the new one.
pub(crate) fn unchanged() -> anyhow::Result<()> {
    match &watch::changed()[..] {
        [] => Ok(()),
        [path, ..] => anyhow::bail!(
            "{}: changed while it was read, expected the same file from beginning to end; run the command again once nothing writes to it",
            path.display()
        ),
    }
}

/// Warnings always (unless quiet), notes and what was left out if verbose.
pub(crate) fn say(results: &Results, common: &Common) {
    if common.quiet {
        return;
    }
    for warning in &results.warnings {
        eprintln!("warning: {warning}");
    }
    for note in &results.notes {
        eprintln!("note: {note}");
    }
    for run in &results.runs {
        if common.verbose {
            for skipped in &run.skipped {
                eprintln!("note: {}: {} left out: {}", run.info.name, skipped.score, skipped.why);
            }
        } else if !run.skipped.is_empty() {
            let ids: Vec<&str> = run.skipped.iter().map(|skipped| skipped.score).collect();
            eprintln!("note: {}: left out (-v says why): {}", run.info.name, ids.join(", "));
        }
    }
}
