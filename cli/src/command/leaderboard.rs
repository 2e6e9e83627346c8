//! `oodbench leaderboard`: records of many, ranked on one static page.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};

use crate::option::common::Common;
use crate::option::procedure::{self, ProcedureName};
use crate::option::sources::{FoundEach, Sources};
use crate::screen::remarks::warn;
use crate::screen::terminal;
use oodbench::output::OutputSet;
use oodbench::report::board::page;
use oodbench::table::files::{Apart, FileRecords, together};
use oodbench::table::means::remarks;
use oodbench::table::{Record, Remark, csv};

/// Rank trainings and scores of files of records on a static page; what is missing stays visible and is in no mean
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench leaderboard records/*.csv --out site
  oodbench leaderboard collected/ --sets svhn,textures,places365     the mean is over these; others are left out

Writes index.html, which needs no server and no network, and records.csv with the values behind it. An entry is ranked by its mean over all OOD sets; without
a value of every seed on every one of them it has no rank. Seeds are averaged only within a file: where two files have a training of one name, the name of the
file is added to each. Rank intervals are by tests over seeds, all pairs of entries; in 95 % of cases all of a table are right at once.")]
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
    let found = match command.sources.only_records()? {
        Some(files) => FoundEach::Records(files),
        // Says what is wrong.
        None => command.sources.find_each(common.quiet)?,
    };
    let FoundEach::Records(mut files) = found else {
        bail!(
            "{}: found dumps, expected records; write them with `oodbench score DIR --out OUT`",
            command.sources.shown()
        );
    };
    if files.iter().all(|file| file.records.is_empty()) {
        bail!("{}: found no record, expected some", command.sources.shown());
    }
    let (sets, procedures) = (&command.sets, procedure::named(&command.procedure));
    for set in sets {
        let is_there = |record: &Record| record.ood == *set || record.set() == *set;
        if !files.iter().any(|file| file.records.iter().any(is_there)) {
            bail!(
                "--sets: found no record of {set:?}, expected an OOD set of the records, e.g. {}",
                known(&files).join(", ")
            );
        }
    }
    let is_shown = |record: &Record| {
        let is_asked = procedures.is_empty() || procedures.iter().any(|one| one.id == record.procedure);
        let is_own = sets.is_empty() || sets.iter().any(|set| record.ood == *set || record.set() == *set);
        record.mean_over.is_none() && is_asked && is_own
    };
    files.iter_mut().for_each(|file| file.records.retain(is_shown));
    let (entries, mut warnings) = together(&files, Apart::All);
    if entries.is_empty() {
        bail!("{}: found no record of a single run, expected some; leave out --procedure", command.sources.shown());
    }
    warnings.extend(remarks(&entries));
    warn(&warnings.iter().cloned().map(Remark::of_all).collect::<Vec<_>>(), common);
    let set = OutputSet::begin(&command.out, &[PAGE, RECORDS]).with_context(writing)?;
    set.write(PAGE, page(&entries, &warnings).as_bytes()).with_context(writing)?;
    let records: Vec<Record> = files.into_iter().flat_map(|file| file.records).collect();
    set.write(RECORDS, &csv::write(&records)?).with_context(writing)?;
    let written = set.commit().with_context(writing)?;
    if !common.quiet {
        terminal::say(&format!("wrote to {}: {}", command.out.display(), written.join(", ")));
    }
    Ok(())
}

/// The sets of the records, the first few.
fn known(files: &[FileRecords]) -> Vec<String> {
    let records = files.iter().flat_map(|file| &file.records);
    let mut names: Vec<String> =
        records.filter(|record| record.mean_over.is_none()).map(|record| record.set()).collect();
    names.sort();
    names.dedup();
    names.truncate(8);
    names
}
