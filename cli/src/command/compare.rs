//! `oodbench compare`: which scores are as good as the best one.

use clap::Args;

use crate::option::choice::{FitOrParameters, ScoreNames};
use crate::option::common::Common;
use crate::option::format::Printed;
use crate::option::runs::Runs;
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal};
use oodbench::eval::Plan;
use oodbench::eval::significance::against_best;
use oodbench::report::{self, Format, significance};
use oodbench::table::Results;

/// Test which scores of a run may be its best: AUROCs on the same rows, DeLong's covariance, the choice of the best accounted for
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench compare dumps/ --score mds,es,mps
  oodbench compare dumps/my-run --format json    p-values and standard errors as fractions

The test is about other rows of the same sets; it does not say how another training run would do.")]
pub(crate) struct Command {
    #[command(flatten)]
    runs: Runs,
    #[command(flatten)]
    names: ScoreNames,
    #[command(flatten)]
    fitted: FitOrParameters,
    #[command(flatten)]
    printed: Printed,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let mut selection = command.fitted.selection(&command.names.scores)?;
    let runs = command.runs.find(common.quiet)?;
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
