//! What a user should know beside the figures, on standard error.

use crate::option::common::Common;
use crate::screen::terminal;
use oodbench::table::Results;

/// Warnings always (unless quiet), notes and what was left out if verbose.
pub(crate) fn say(results: &Results, common: &Common) {
    if common.quiet {
        return;
    }
    for warning in &results.warnings {
        terminal::say(&format!("warning: {warning}"));
    }
    for note in &results.notes {
        terminal::say(&format!("note: {note}"));
    }
    for run in &results.runs {
        if common.verbose {
            for skipped in &run.skipped {
                terminal::say(&format!("note: {}: {} left out: {}", run.info.name, skipped.score, skipped.why));
            }
        } else if !run.skipped.is_empty() {
            let ids: Vec<&str> = run.skipped.iter().map(|skipped| skipped.score).collect();
            terminal::say(&format!("note: {}: left out (-v says why): {}", run.info.name, ids.join(", ")));
        }
    }
}
