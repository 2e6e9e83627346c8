//! Which scores of a run may be its best on a set, were other rows drawn?

use anyhow::bail;

use super::arguments::Command;
use crate::option::common::Common;
use crate::option::sources::Found;
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal};
use oodbench::eval::Plan;
use oodbench::eval::significance::against_best;
use oodbench::report::{self, Format, significance};
use oodbench::table::Results;

/// Runs the test.
pub(super) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let mut selection = command.fitted.selection(&command.names.scores)?;
    let Found::Runs(runs) = command.sources.find(common.quiet)? else {
        bail!("found records, expected dumps: --test best needs the scores of every row; --test ranks takes records");
    };
    selection.add_own(&runs);
    let progress = Bars::new(common.quiet);
    let plans = Plan::each(runs.iter().map(|files| (files, &selection)), &progress)?;
    let mut results = Results::default();
    let lines = against_best(&plans, &mut results, &progress)?;
    remarks::unchanged()?;
    remarks::say(&results, common);
    match command.printed.format {
        Format::Table => terminal::print(&significance::text(&lines, terminal::style()))?,
        Format::Json => terminal::print_data(&report::json::rows(&lines)?)?,
        Format::Csv => terminal::print_data(&String::from_utf8(report::csv::rows(&lines)?)?)?,
        Format::Markdown => terminal::print(&significance::markdown(&lines))?,
    }
    Ok(())
}
