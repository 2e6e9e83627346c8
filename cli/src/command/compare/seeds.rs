//! Would other seeds and other rows give another best score?

use anyhow::bail;

use super::arguments::Command;
use super::rows::of_runs;
use crate::option::common::Common;
use crate::option::sources::{Found, wanted};
use crate::screen::progress::Bars;
use crate::screen::terminal;
use oodbench::eval::by_seeds::by_seeds;
use oodbench::report::by_seeds as shown;
use oodbench::table::against_best::LEVEL;
use oodbench::table::by_seeds::{BySeeds, of_records};

/// Runs the test.
pub(super) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let lines = lines(command, common)?;
    command.printed.print_texts(&lines, |style| shown::text(&lines, style), || shown::markdown(&lines))
}

fn lines(command: &Command, common: &Common) -> anyhow::Result<Vec<BySeeds>> {
    let runs = match command.sources.find(common.quiet)? {
        Found::Runs(runs) => runs,
        Found::Records(records) => {
            let records = wanted(records, &command.names)?;
            let (procedure, metric) = command.metric().of_records(&records)?;
            let (lines, notes) = of_records(&records, procedure, metric, LEVEL);
            if !common.quiet {
                terminal::say(
                    "note: records hold no rows: the seeds alone are counted; name the dumps to count rows as well",
                );
                notes.iter().for_each(|note| terminal::say(&format!("note: {note}")));
            }
            if lines.is_empty() {
                bail!(
                    "{}: found no score with values to compare, expected at least one with a value of every seed",
                    command.sources.shown()
                );
            }
            return Ok(lines);
        }
    };
    of_runs(command, common, (&runs, true), |plans, what, results| {
        Ok(by_seeds(plans, what, results, &Bars::new(common.quiet))?)
    })
}
