//! How probable is it that a score is better than the best one by more than matters?

use anyhow::bail;

use super::arguments::Command;
use crate::option::common::Common;
use crate::screen::terminal;
use oodbench::report::bayes as shown;
use oodbench::table::bayes::compare;

/// Runs the test.
pub(super) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let (procedure, _) = command.metric().first();
    let records = command.sources.records(procedure, (&command.names, &command.fitted), common)?;
    let (procedure, metric) = command.metric().of_records(&records)?;
    let (lines, notes) = compare(&records, procedure, metric, command.rope());
    if lines.is_empty() {
        bail!("{}", notes.join("; "));
    }
    if !common.quiet {
        notes.iter().for_each(|note| terminal::say(&format!("note: {note}")));
    }
    let grid = shown::grid(&lines);
    command.printed.print_with(&shown::header(&lines), &lines, &grid)
}
