//! `oodbench convert`: records in another format.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use crate::screen::terminal;
use oodbench::report::json;
use oodbench::table::read::read;
use oodbench::table::{csv, openood_csv};

/// Print records in another format: as CSV, as JSON, or as a table of OpenOOD's leaderboard
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench convert out/records.parquet --to csv
  oodbench convert out/records.json --to openood > row.csv        a line for each score: near and far AUROC, ± over seeds
  oodbench convert leaderboard/cifar10.csv --to json              OpenOOD's leaderboard as records")]
pub(crate) struct Command {
    /// Files of records: CSV, JSON, Parquet, or a CSV of OpenOOD's leaderboard
    #[arg(value_name = "RECORDS", required = true, value_hint = ValueHint::FilePath)]
    records: Vec<PathBuf>,
    /// What to print
    #[arg(long, value_enum)]
    to: To,
    /// The in-distribution set of a leaderboard's table, where the records have several
    #[arg(long, value_name = "SET")]
    in_distribution: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// A line each
    Csv,
    /// An array of objects
    Json,
    /// As zjysteven.github.io/OpenOOD keeps them: AUROC of procedure openood, means over near and far sets, standard deviations with ddof = 0
    Openood,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let records = read(&command.records)?;
    let text = match command.to {
        To::Csv => String::from_utf8(csv::write(&records)?)?,
        To::Json => json::rows(&records)?,
        To::Openood => String::from_utf8(openood_csv::write(&records, command.in_distribution.as_deref())?)?,
    };
    terminal::print_data(&text)?;
    Ok(())
}
