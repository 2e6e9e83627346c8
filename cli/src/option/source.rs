//! What a command reads that takes records or the dumps they come from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueHint};

use super::runs::Runs;
use oodbench::dump::layout::RunFiles;
use oodbench::table::provenance::Provenance;

/// The names that records have in a folder; the first that is there is read.
const NAMES: [&str; 3] = ["records.json", "records.csv", "records.parquet"];

/// Where provenance stands beside them.
const PROVENANCE: &str = "provenance.json";

/// Records, or dumps.
#[derive(Args)]
pub(crate) struct Sources {
    /// Dumps, files of records, or folders of either (such as those of `score --out`) [default: dumps]
    #[arg(value_name = "DIR|RECORDS", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
}

/// What was found.
pub(crate) enum Source {
    /// Files of records, with what is known of where they come from.
    Records(Vec<PathBuf>, Vec<Provenance>),
    /// Dumps.
    Dumps(Vec<RunFiles>),
}

impl Sources {
    /// Looks at every path.
    pub(crate) fn find(&self, quiet: bool) -> anyhow::Result<Source> {
        let mut files = Vec::new();
        let mut dumps = Vec::new();
        for path in &self.paths {
            match records(path)? {
                found if found.is_empty() => dumps.push(path.clone()),
                found => files.extend(found),
            }
        }
        match (files.first(), dumps.first()) {
            (Some(file), Some(dump)) => bail!(
                "{}: found records, and {} is none, expected records or dumps, not both; score the dumps first with --out",
                file.display(),
                dump.display()
            ),
            (Some(_), None) => {
                let provenance = files.iter().map(|file| provenance(file)).collect::<anyhow::Result<Vec<_>>>()?;
                Ok(Source::Records(files, provenance.into_iter().flatten().collect()))
            }
            (None, _) => Ok(Source::Dumps(Runs::of(dumps).find(quiet)?)),
        }
    }
}

/// The files of records that a path stands for; none if it is a folder of something else.
fn records(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let in_folder = |folder: &Path| NAMES.iter().map(|name| folder.join(name)).find(|file| file.is_file());
    if let Some(file) = in_folder(path) {
        return Ok(vec![file]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let mut folders: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders.iter().filter_map(|folder| in_folder(folder)).collect())
}

fn provenance(records: &Path) -> anyhow::Result<Option<Provenance>> {
    let path = records.with_file_name(PROVENANCE);
    if !NAMES.iter().any(|name| records.ends_with(name)) || !path.is_file() {
        return Ok(None);
    }
    let text = fs::read(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let found = serde_json::from_slice(&text).with_context(|| {
        format!(
            "{}: found no provenance of oodbench, expected the file of `score --out`; remove it or score again",
            path.display()
        )
    })?;
    Ok(Some(found))
}
