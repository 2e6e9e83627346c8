//! Which scores of a run may be its best on a set, were other rows drawn?

use super::arguments::Command;
use crate::option::common::Common;
use crate::screen::progress::Bars;
use crate::screen::remarks;
use oodbench::eval::Plan;
use oodbench::eval::significance::against_best;
use oodbench::report::significance;
use oodbench::table::Results;

/// Runs the test.
pub(super) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    command.is_of_auroc("best")?;
    let mut selection = command.fitted.selection(&command.names.scores)?;
    let needs = "--test best needs the scores of every row; --test ranks takes records";
    let runs = command.sources.runs(needs, common.quiet)?;
    selection.add_own(&runs);
    let progress = Bars::new(common.quiet);
    let plans = Plan::each(runs.iter().map(|files| (files, &selection)), &progress)?;
    let mut results = Results::default();
    let lines = against_best(&plans, &mut results, &progress)?;
    remarks::unchanged()?;
    remarks::say(&results, common);
    command.printed.print_texts(&lines, |style| significance::text(&lines, style), || significance::markdown(&lines))
}
