//! Would other seeds and other rows give another best score?

use super::arguments::Command;
use super::rows::{measured, say_memory};
use crate::option::common::Common;
use crate::option::sources::{Found, is_wanted};
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal};
use oodbench::eval::Plan;
use oodbench::eval::by_seeds::by_seeds;
use oodbench::report::{self, Format, by_seeds as shown};
use oodbench::table::Results;
use oodbench::table::against_best::LEVEL;
use oodbench::table::by_seeds::{BySeeds, of_records};

/// Runs the test.
pub(super) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let lines = lines(command, common)?;
    match command.printed.format {
        Format::Table => terminal::print(&shown::text(&lines, terminal::style()))?,
        Format::Json => terminal::print_data(&report::json::rows(&lines)?)?,
        Format::Csv => terminal::print_data(&String::from_utf8(report::csv::rows(&lines)?)?)?,
        Format::Markdown => terminal::print(&shown::markdown(&lines))?,
    }
    Ok(())
}

fn lines(command: &Command, common: &Common) -> anyhow::Result<Vec<BySeeds>> {
    let runs = match command.sources.find(common.quiet)? {
        Found::Runs(runs) => runs,
        Found::Records(mut records) => {
            records.retain(|record| is_wanted(record, &command.names));
            let (procedure, metric) = command.metric.of_records(&records)?;
            let (lines, notes) = of_records(&records, procedure, metric, LEVEL);
            if !common.quiet {
                terminal::say(
                    "note: records hold no rows: the seeds alone are counted; name the dumps to count rows as well",
                );
                notes.iter().for_each(|note| terminal::say(&format!("note: {note}")));
            }
            return Ok(lines);
        }
    };
    let what = measured(command)?;
    let mut selection = command.fitted.selection(&command.names.scores)?;
    selection.add_own(&runs);
    let progress = Bars::new(common.quiet);
    let mut plans = Plan::each(runs.iter().map(|files| (files, &selection)), &progress)?;
    if what.procedure.needs_predictions() {
        plans.iter_mut().try_for_each(|plan| plan.with_predictions(&progress))?;
    }
    say_memory(&what, &plans, common);
    let mut results = Results::default();
    let lines = by_seeds(&plans, &what, &mut results, &progress)?;
    remarks::unchanged()?;
    remarks::say(&results, common);
    Ok(lines)
}
