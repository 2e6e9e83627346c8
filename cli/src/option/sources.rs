//! What a command reads that needs values and not always rows: dumps, or records of values.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueHint};

use super::choice::{FitOrParameters, ScoreNames};
use super::common::Common;
use super::runs::{Layout, Runs};
use crate::screen::progress::Bars;
use crate::screen::remarks;
use oodbench::dump::format::by_name;
use oodbench::dump::layout::{RunFiles, holds_runs};
use oodbench::eval::{Measures, Plan, evaluate};
use oodbench::metric::Procedure;
use oodbench::score::registry::{entries, find};
use oodbench::table::Record;
use oodbench::table::files::FileRecords;
use oodbench::table::provenance::Provenance;
use oodbench::table::read::{RecordsError, read, read_each};

/// Folders of runs, or files of records.
#[derive(Args)]
pub(crate) struct Sources {
    /// Runs or folders of runs; or records, as files or folders that `score --out` wrote, or folders of these [default: dumps]
    #[arg(value_name = "DIR|RECORDS", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    layout: Layout,
}

/// What was found.
pub(crate) enum Found {
    Runs(Vec<RunFiles>),
    Records(Vec<Record>),
}

/// The same, records file by file.
pub(crate) enum FoundEach {
    Runs(Vec<RunFiles>),
    Records(Vec<FileRecords>),
}

/// What `score --out` calls its records, each file holding the same.
const RECORDS: [&str; 3] = ["records.json", "records.csv", "records.parquet"];

/// What `score --out` writes beside them.
const PROVENANCE: &str = "provenance.json";

impl Sources {
    /// The runs, where values do not suffice: what records lie beside them does not count.
    pub(crate) fn runs(&self, needs: &str, quiet: bool) -> anyhow::Result<Vec<RunFiles>> {
        if self.paths.iter().any(|path| !records_at(path).is_empty()) {
            bail!("found records, expected dumps: {needs}");
        }
        Runs::of(self.paths.clone(), self.layout.clone()).find(quiet)
    }

    /// The records, where runs do not do: what runs lie beside them does not count. `None` if a path has no records.
    pub(crate) fn only_records(&self) -> anyhow::Result<Option<Vec<FileRecords>>> {
        let files: Vec<Vec<PathBuf>> = self.paths.iter().map(|path| records_in(path)).collect();
        if files.is_empty() || files.iter().any(Vec::is_empty) {
            return Ok(None);
        }
        Ok(Some(read_each(&files.concat())?))
    }

    /// The runs, or the records. A folder with runs and records is one of runs: the records were made of them, and may be older.
    pub(crate) fn find(&self, quiet: bool) -> anyhow::Result<Found> {
        Ok(match self.find_each(quiet)? {
            FoundEach::Runs(runs) => Found::Runs(runs),
            FoundEach::Records(files) => Found::Records(files.into_iter().flat_map(|file| file.records).collect()),
        })
    }

    /// The runs, or the records of each file.
    pub(crate) fn find_each(&self, quiet: bool) -> anyhow::Result<FoundEach> {
        let mut files = Vec::new();
        let mut folders = Vec::new();
        for path in &self.paths {
            match records_at(path) {
                found if found.is_empty() => folders.push(path.clone()),
                found => files.extend(found),
            }
        }
        match (&files[..], &folders[..]) {
            ([], _) => Ok(FoundEach::Runs(Runs::of(folders, self.layout.clone()).find(quiet)?)),
            (_, []) => Ok(FoundEach::Records(read_each(&files)?)),
            ([file, ..], [folder, ..]) => bail!(
                "found records ({}) and a folder without any ({}), expected dumps alone or records alone; score the dumps with --out first",
                file.display(),
                folder.display()
            ),
        }
    }

    /// What is known of where the records come from: what stands beside them.
    pub(crate) fn provenance(&self) -> anyhow::Result<Vec<Provenance>> {
        let files = self.paths.iter().flat_map(|path| records_at(path));
        let beside = files.map(|file| file.with_file_name(PROVENANCE)).filter(|path| path.is_file());
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
            serde_json::from_slice(&bytes).with_context(|| {
                format!(
                    "{}: found no provenance of oodbench, expected the file of `score --out`; remove it or score again",
                    path.display()
                )
            })
        };
        beside.map(read).collect()
    }

    /// The folders and files by the names that messages use.
    pub(crate) fn shown(&self) -> String {
        Runs::of(self.paths.clone(), self.layout.clone()).shown()
    }

    /// The records, or those of the runs by one procedure.
    pub(crate) fn records(
        &self,
        procedure: &'static Procedure,
        (names, fitted): (&ScoreNames, &FitOrParameters),
        common: &Common,
    ) -> anyhow::Result<Vec<Record>> {
        let runs = match self.find(common.quiet)? {
            Found::Records(records) => {
                return wanted(records, names);
            }
            Found::Runs(runs) => runs,
        };
        let mut selection = fitted.selection(&names.scores)?;
        selection.add_own(&runs);
        let progress = Bars::new(common.quiet);
        let mut plans = Plan::each(runs.iter().map(|files| (files, &selection)), &progress)?;
        if procedure.needs_predictions() {
            plans.iter_mut().try_for_each(|plan| plan.with_predictions(&progress))?;
        }
        let measures = Measures { procedures: vec![procedure], bootstrap: None };
        let results = evaluate(&plans, &[], None, &measures, &progress)?;
        remarks::unchanged()?;
        remarks::say(&results, common);
        Ok(results.records)
    }
}

/// The records of the scores asked for.
///
/// # Errors
/// If a name is none of a score, or no record is of that score.
pub(crate) fn wanted(mut records: Vec<Record>, names: &ScoreNames) -> anyhow::Result<Vec<Record>> {
    let known: BTreeSet<&str> = records.iter().map(|record| &*record.score).collect();
    if !entries(&names.scores).is_ok_and(|(_, all)| all) {
        for name in &names.scores {
            // Records of another program may have a score that is not in the list.
            if !known.contains(&**name) && !known.contains(find(name)?.id) {
                bail!("found no records of the score {name}, expected one of {}", Vec::from_iter(known).join(", "));
            }
        }
    }
    records.retain(|record| is_wanted(record, names));
    Ok(records)
}

/// Whether a record is of one of the scores asked for, by id, alias or `all`.
pub(crate) fn is_wanted(record: &Record, names: &ScoreNames) -> bool {
    let is_own = |name: &String| {
        name.eq_ignore_ascii_case("all")
            || *name == record.score
            || find(name).is_ok_and(|entry| entry.id == record.score)
    };
    names.scores.iter().any(is_own)
}

/// The records of a file, or of the folder of `score --out` and of the folders in it, means included.
///
/// # Errors
/// As [`read`].
pub(crate) fn records_of(path: &Path) -> Result<Vec<Record>, RecordsError> {
    match records_in(path) {
        none if none.is_empty() => read(&[path]),
        files => read(&files),
    }
}

/// The files of records that a path names, unless it holds runs.
fn records_at(path: &Path) -> Vec<PathBuf> {
    if holds_runs(path) { Vec::new() } else { records_in(path) }
}

/// The files of records that a path names: itself, those of a folder, or of the folders in it.
fn records_in(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        let is_of_arrays = by_name(path).is_some_and(|format| !format.holds_columns());
        return if is_of_arrays { Vec::new() } else { vec![path.to_owned()] };
    }
    let own = |folder: &Path| RECORDS.iter().map(|name| folder.join(name)).find(|file| file.is_file());
    if let Some(file) = own(path) {
        return vec![file];
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter_map(|folder| own(&folder)).collect();
    found.sort();
    found
}
