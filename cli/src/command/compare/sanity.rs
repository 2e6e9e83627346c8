//! Is id/test like id/val, as it has to be?

use anyhow::bail;

use super::arguments::Command;
use crate::option::common::Common;
use crate::screen::progress::Bars;
use crate::screen::remarks;
use oodbench::eval::Plan;
use oodbench::eval::sanity::sanity;
use oodbench::report::sanity as shown;
use oodbench::table::Results;

/// Runs the test.
pub(super) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    command.is_of_auroc("sanity")?;
    let mut selection = command.fitted.selection(&command.names.scores)?;
    let runs = command.sources.runs("--test sanity needs the scores of every row", common.quiet)?;
    selection.add_own(&runs);
    let progress = Bars::new(common.quiet);
    let mut plans = Plan::each(runs.iter().map(|files| (files, &selection)), &progress)?;
    plans.iter_mut().try_for_each(|plan| plan.with_val(&progress))?;
    let mut results = Results::default();
    let lines = sanity(&plans, &mut results, &progress)?;
    remarks::unchanged()?;
    if lines.is_empty() {
        bail!(
            "{}: found no id/val, expected ID rows that are in neither id/train nor id/test; dump them as id/val",
            command.sources.shown()
        );
    }
    remarks::say(&results, common);
    command.printed.print_with(shown::HEADER, &lines, &shown::grid(&lines))
}
