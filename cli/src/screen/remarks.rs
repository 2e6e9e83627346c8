//! What a user should know beside the values, on standard error.

use crate::option::common::Common;
use crate::screen::terminal;
use oodbench::rows::watch;
use oodbench::table::Results;
use oodbench::table::remark::{self, Remark};

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

/// Warnings, unless quiet.
pub(crate) fn warn(warnings: &[Remark], common: &Common) {
    if !common.quiet {
        remark::lines(warnings).iter().for_each(|line| terminal::say(&format!("warning: {line}")));
    }
}

/// Warnings always (unless quiet), notes and what was left out if verbose.
pub(crate) fn say(results: &Results, common: &Common) {
    if common.quiet {
        return;
    }
    warn(&results.warnings, common);
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
        terminal::say(&format!("note: {note}"));
    }
}
