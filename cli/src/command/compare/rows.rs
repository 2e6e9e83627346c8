//! Would other rows of the same sets give another best score? By any metric.

use anyhow::bail;

use super::arguments::Command;
use crate::option::common::Common;
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal};
use oodbench::dump::layout::RunFiles;
use oodbench::eval::Plan;
use oodbench::eval::by_rows::by_rows;
use oodbench::eval::measured::Measured;
use oodbench::report::by_rows as shown;
use oodbench::table::Results;

/// Runs the test.
pub(super) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let lines = scored(command, common, ("rows", false), |plans, what, results| {
        Ok(by_rows(plans, what, results, &Bars::new(common.quiet))?)
    })?;
    command.printed.print_texts(&lines, |style| shown::text(&lines, style), || shown::markdown(&lines))
}

/// What a test finds that needs the scores of every row; says what a reader should know of them. `delong` says whether the test takes DeLong's covariance where it
/// is that of the metric, rather than draws.
pub(super) fn scored<T>(
    command: &Command,
    common: &Common,
    (test, delong): (&str, bool),
    find: impl FnOnce(&[Plan<'_>], &Measured, &mut Results) -> anyhow::Result<Vec<T>>,
) -> anyhow::Result<Vec<T>> {
    let needs = format!("--test {test} needs the scores of every row; --test ranks takes records");
    let runs = command.sources.runs(&needs, common.quiet)?;
    of_runs(command, common, (&runs, delong), find)
}

/// The same of runs that are found.
pub(super) fn of_runs<T>(
    command: &Command,
    common: &Common,
    (runs, delong): (&[RunFiles], bool),
    find: impl FnOnce(&[Plan<'_>], &Measured, &mut Results) -> anyhow::Result<Vec<T>>,
) -> anyhow::Result<Vec<T>> {
    let what = measured(command)?;
    let mut selection = command.fitted.selection(&command.names.scores)?;
    selection.add_own(runs);
    let progress = Bars::new(common.quiet);
    let mut plans = Plan::each(runs.iter().map(|files| (files, &selection)), &progress)?;
    if what.procedure.needs_predictions() {
        plans.iter_mut().try_for_each(|plan| plan.with_predictions(&progress))?;
    }
    say_memory(&what, &plans, delong, common);
    let mut results = Results::default();
    let lines = find(&plans, &what, &mut results)?;
    remarks::unchanged()?;
    remarks::say(&results, common);
    if lines.is_empty() {
        bail!(
            "{}: found no score with values to compare, expected at least one with a value on an OOD set",
            command.sources.shown()
        );
    }
    Ok(lines)
}

/// What is measured in draws.
fn measured(command: &Command) -> anyhow::Result<Measured> {
    let (procedure, metric) = command.metric().first();
    let what = Measured { procedure, metric, draws: command.draws()? };
    what.check().map_err(|error| anyhow::anyhow!("--metric: {error}"))?;
    Ok(what)
}

/// More than this is announced.
const MUCH_MEMORY: usize = 100_000_000;

/// Says what is kept of every value, before it is made.
fn say_memory(what: &Measured, plans: &[Plan<'_>], delong: bool, common: &Common) {
    let bytes = what.bytes(plans, delong);
    if common.verbose || bytes > MUCH_MEMORY && !common.quiet {
        let megabytes = bytes as f64 / 1e6;
        let values: usize = plans.iter().map(|plan| plan.scores.len() * plan.dump.ood().count()).sum();
        let kept = match what.is_drawn(delong) {
            true => format!("{} draws", what.draws.draws),
            false => "DeLong's components".to_owned(),
        };
        terminal::say(&format!("note: {kept} of {values} values take {megabytes:.1} MB of memory"));
    }
}
