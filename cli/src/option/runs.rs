//! Which runs a command reads.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueHint};

use oodbench::dump::layout::{RunFiles, discover};

use crate::screen::terminal;

/// Where runs are looked for if no folder is named.
const DEFAULT_FOLDER: &str = "dumps";
/// The dumps of this project's own repository.
const EXAMPLES: &str = "fixtures/dumps";

/// The folders of every command that reads runs.
#[derive(Args)]
pub(crate) struct Runs {
    /// Runs, or folders of runs [default: dumps]
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dirs: Vec<PathBuf>,
}

impl Runs {
    /// These folders.
    pub(crate) fn of(dirs: Vec<PathBuf>) -> Self {
        Self { dirs }
    }

    /// The ONNX models among what was named, and the folders; no folders where models alone were named.
    pub(crate) fn without_models(&self) -> (Vec<PathBuf>, Option<Self>) {
        let is_model = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "onnx") && !path.is_dir();
        let (models, dirs): (Vec<&PathBuf>, Vec<&PathBuf>) = self.dirs.iter().partition(is_model);
        let dirs: Vec<PathBuf> = dirs.into_iter().cloned().collect();
        let is_needed = models.is_empty() || !dirs.is_empty();
        (models.into_iter().cloned().collect(), is_needed.then(|| Self::of(dirs)))
    }

    /// All runs, each once, in the order of the folders.
    pub(crate) fn find(&self, quiet: bool) -> anyhow::Result<Vec<RunFiles>> {
        let mut runs: Vec<RunFiles> = Vec::new();
        let mut seen: Vec<PathBuf> = Vec::new();
        for folder in &self.folders(quiet)? {
            for run in discover(folder)? {
                let place = fs::canonicalize(&run.folder).unwrap_or_else(|_| run.folder.clone());
                if !seen.contains(&place) {
                    seen.push(place);
                    runs.push(run);
                }
            }
        }
        Ok(runs)
    }

    /// The folders by the names that messages use.
    pub(crate) fn shown(&self) -> String {
        let names: Vec<String> = self.dirs.iter().map(|folder| folder.display().to_string()).collect();
        if names.is_empty() { DEFAULT_FOLDER.to_owned() } else { names.join(", ") }
    }

    /// The folders named, else the default one; says which one that was.
    fn folders(&self, quiet: bool) -> anyhow::Result<Vec<PathBuf>> {
        if !self.dirs.is_empty() {
            return Ok(self.dirs.clone());
        }
        let default = Path::new(DEFAULT_FOLDER);
        let folder = match default.is_dir() {
            true => default,
            false if in_clone() => Path::new(EXAMPLES),
            false => bail!(
                "found no folder {DEFAULT_FOLDER}/ here, expected it or the folder of a dump; {}`oodbench explain layout` shows how to lay out your own",
                if cfg!(feature = "train") { "`oodbench demo` makes dumps to try, " } else { "" }
            ),
        };
        if !quiet {
            terminal::say(&format!("reading {}/", folder.display()));
        }
        Ok(vec![folder.to_owned()])
    }
}

/// Whether this is the root of a clone of this project: `fixtures/dumps` of another project does not count.
fn in_clone() -> bool {
    let manifest = fs::read_to_string("Cargo.toml").unwrap_or_default();
    manifest.lines().any(|line| line == "name = \"oodbench\"") && Path::new(EXAMPLES).is_dir()
}
