//! Which runs a command reads.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueHint};

use oodbench::dump::layout::{Described, RunFiles, discover};

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
    #[command(flatten)]
    layout: Layout,
}

/// `--layout`.
#[derive(Args, Clone, Default)]
pub(crate) struct Layout {
    /// A TOML file that says which file and array is which, where names do not tell; `oodbench explain layout` shows one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    layout: Option<PathBuf>,
}

impl Layout {
    /// Whether a file was named.
    pub(crate) fn is_named(&self) -> bool {
        self.layout.is_some()
    }
}

/// Whether it is called as ONNX models are, and is no folder.
pub(super) fn is_model(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "onnx") && !path.is_dir()
}

impl Runs {
    /// These folders.
    pub(crate) fn of(dirs: Vec<PathBuf>, layout: Layout) -> Self {
        Self { dirs, layout }
    }

    /// The ONNX models among what was named, and the folders; no folders where models alone were named.
    pub(crate) fn without_models(&self) -> (Vec<PathBuf>, Option<Self>) {
        let (models, dirs): (Vec<&PathBuf>, Vec<&PathBuf>) = self.dirs.iter().partition(|path| is_model(path));
        let dirs: Vec<PathBuf> = dirs.into_iter().cloned().collect();
        let is_needed = models.is_empty() || !dirs.is_empty();
        (models.into_iter().cloned().collect(), is_needed.then(|| Self::of(dirs, self.layout.clone())))
    }

    /// What was named, where it is said to be files of elements alone.
    pub(crate) fn files_of_elements(&self) -> anyhow::Result<impl Iterator<Item = &Path>> {
        if self.dirs.is_empty() {
            bail!("--dtype: found no file named, expected files of elements alone; name them");
        }
        if self.layout.is_named() {
            bail!(
                "--layout: found --dtype beside it, expected one of them; a layout file says dtype and shape of the files that it names"
            );
        }
        Ok(self.dirs.iter().map(PathBuf::as_path))
    }

    /// All runs, each once, in the order of the folders.
    pub(crate) fn find(&self, quiet: bool) -> anyhow::Result<Vec<RunFiles>> {
        let mut runs: Vec<RunFiles> = Vec::new();
        let mut seen = Vec::new();
        let described = self.layout.layout.as_deref().map(Described::read).transpose()?;
        for folder in &self.folders(quiet)? {
            let found = match &described {
                Some(described) => vec![described.run(folder)?],
                None => discover(folder)?,
            };
            for run in found {
                let (folder, name) = run.place();
                let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
                let place = (folder, name.map(str::to_owned));
                if !seen.contains(&place) {
                    seen.push(place);
                    if described.is_none() && !quiet {
                        say_guess(&run)?;
                    }
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

/// Says what was taken for what, where names had to be understood.
fn say_guess(run: &RunFiles) -> anyhow::Result<()> {
    if run.taken.is_empty() {
        return Ok(());
    }
    let name = run.info()?.name;
    terminal::say(&format!(
        "guess: {name} is laid out by names (`oodbench inspect` says why each was taken, --layout FILE overrides it):"
    ));
    for parts in run.taken.chunk_by(|one, next| one.what == next.what) {
        let more = if parts.len() > 1 { format!(" and {} more parts", parts.len() - 1) } else { String::new() };
        terminal::say(&format!("guess:   {:<24} {}{more}", parts[0].what, parts[0].from));
    }
    Ok(())
}

/// Whether this is the root of a clone of this project: `fixtures/dumps` of another project does not count.
fn in_clone() -> bool {
    let manifest = fs::read_to_string("Cargo.toml").unwrap_or_default();
    manifest.lines().any(|line| line == "name = \"oodbench\"") && Path::new(EXAMPLES).is_dir()
}
