//! `oodbench leaderboard`: records of many, ranked on one static page.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};

use crate::option::common::Common;
use crate::option::procedure::{self, ProcedureName};
use crate::option::sources::{Found, Sources};
use crate::screen::terminal;
use oodbench::output::OutputSet;
use oodbench::report::board::page;
use oodbench::table::csv;

/// Rank trainings and scores of files of records on a static page; what is missing stays visible and is in no mean
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench leaderboard records/*.csv --out site
  oodbench leaderboard collected/ --sets svhn,textures,places365     the mean is over these; others are left out

Writes index.html, which needs no server and no network, and records.csv with the values behind it. An entry is ranked by its mean over all OOD sets; without
a value on every one of them it has no rank. Rank intervals are by tests over seeds, all pairs of entries, and hold together in 95 % of cases.")]
pub(crate) struct Command {
    #[command(flatten)]
    sources: Sources,
    /// OOD sets that the board is over, comma-separated [default: all that there are]
    #[arg(long, value_name = "SETS", value_delimiter = ',')]
    sets: Vec<String>,
    /// Procedures to show, comma-separated or all [default: all that there are]
    #[arg(long, value_name = "PROCEDURES", value_delimiter = ',', value_parser = procedure::parser())]
    procedure: Vec<ProcedureName>,
    /// Folder for index.html and records.csv
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "site")]
    out: PathBuf,
}

const PAGE: &str = "index.html";
const RECORDS: &str = "records.csv";

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let writing = || format!("{}: cannot be written", command.out.display());
    let records = match command.sources.only_records()? {
        Some(records) => Found::Records(records),
        // Says what is wrong.
        None => command.sources.find(common.quiet)?,
    };
    let Found::Records(mut records) = records else {
        bail!(
            "{}: found dumps, expected records; write them with `oodbench score DIR --out OUT`",
            command.sources.shown()
        );
    };
    let (sets, procedures) = (&command.sets, procedure::named(&command.procedure));
    for set in sets {
        if !records.iter().any(|record| record.ood == *set || record.set() == *set) {
            bail!(
                "--sets: found no record of {set:?}, expected an OOD set of the records, e.g. {}",
                known(&records).join(", ")
            );
        }
    }
    records.retain(|record| {
        let is_asked = procedures.is_empty() || procedures.iter().any(|one| one.id == record.procedure);
        let is_own = sets.is_empty() || sets.iter().any(|set| record.ood == *set || record.set() == *set);
        record.mean_over.is_none() && is_asked && is_own
    });
    if records.is_empty() {
        bail!("{}: found no record of a single run, expected some; leave out --procedure", command.sources.shown());
    }
    let set = OutputSet::begin(&command.out, &[PAGE, RECORDS]).with_context(writing)?;
    set.write(PAGE, page(&records).as_bytes()).with_context(writing)?;
    set.write(RECORDS, &csv::write(&records)?).with_context(writing)?;
    let written = set.commit().with_context(writing)?;
    if !common.quiet {
        terminal::say(&format!("wrote to {}: {}", command.out.display(), written.join(", ")));
    }
    Ok(())
}

/// The sets of the records, the first few.
fn known(records: &[oodbench::table::Record]) -> Vec<String> {
    let mut names: Vec<String> =
        records.iter().filter(|record| record.mean_over.is_none()).map(|record| record.set()).collect();
    names.sort();
    names.dedup();
    names.truncate(8);
    names
}
