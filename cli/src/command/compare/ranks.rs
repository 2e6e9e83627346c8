//! Which scores cannot be told from the best over many sets?

use anyhow::bail;

use super::arguments::Command;
use crate::option::common::Common;
use crate::screen::terminal;
use oodbench::report::ranks;
use oodbench::table::against_best::LEVEL;
use oodbench::table::ranks::ranked;

/// Runs the test.
pub(super) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let (procedure, _) = command.metric().first();
    let records = command.sources.records(procedure, (&command.names, &command.fitted), common)?;
    let (procedure, metric) = command.metric().of_records(&records)?;
    let found = ranked(&records, procedure, metric, LEVEL);
    if found.tables.is_empty() {
        bail!("{}", found.untested.join("; "));
    }
    if command.printed.format.is_data() && !common.quiet {
        let of_tables = found.tables.iter().flat_map(|table| table.cautions.iter().chain(&table.left_out));
        of_tables.chain(&found.untested).for_each(|line| terminal::say(&format!("note: {line}")));
    }
    let rows = ranks::rows(&found);
    command.printed.print_texts(&rows, |style| ranks::text(&found, style), || ranks::markdown(&found))
}
