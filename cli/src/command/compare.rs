//! `oodbench compare`: which scores are as good as the best one.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::option::choice::ScoreChoice;
use crate::option::common::Common;
use crate::option::input;
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal};
use oodbench::dump::layout::discover;
use oodbench::eval::Plan;
use oodbench::eval::significance::against_best;
use oodbench::report::significance;
use oodbench::table::Results;

/// Test which scores of a run may be its best: AUROCs on the same rows, DeLong's covariance, the choice of the best accounted for
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench compare dumps/ --score mds,es,mps
  oodbench compare dumps/my-run --format json    p-values and standard errors as fractions

The test is about other rows of the same sets; it does not say how another training run would do.")]
pub(crate) struct Command {
    /// A run, or a folder of runs [default: dumps, else fixtures/dumps]
    dir: Option<PathBuf>,
    #[command(flatten)]
    choice: ScoreChoice,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For reading: percent, the best and its equals marked
    Table,
    /// An array of objects, values as fractions, never rounded
    Json,
    /// The same as comma-separated values
    Csv,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let folder = input::folder(command.dir.as_ref(), common.quiet)?;
    let selection = command.choice.selection()?;
    let progress = Bars::new(common.quiet);
    let plans = Plan::each(discover(&folder)?.iter().map(|files| (files, &selection)), &progress)?;
    let mut results = Results::default();
    let lines = against_best(&plans, &mut results, &progress)?;
    remarks::say(&results, common);
    match command.format {
        Format::Table => terminal::print(&significance::text(&lines, terminal::style()))?,
        Format::Json => terminal::print_data(&significance::json(&lines)?)?,
        Format::Csv => terminal::print_data(&String::from_utf8(significance::csv(&lines)?)?)?,
    }
    Ok(())
}
