//! `oodbench data`: image sets known by name, and whether files are what they should be.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;

use crate::screen::terminal;
use oodbench::report::grid::Grid;
use oodbench_train::data::catalog::{self, FileState, KNOWN_SETS, KnownSet};
use oodbench_train::data::embedded::EmbeddedSet;
use oodbench_train::data::noise::Noise;

/// List the image sets known by name and where to get them, or check the md5 sums of a folder
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench data                                   what is known
  oodbench data cifar10 ~/data                    checks the files of ~/data/cifar-10-batches-bin

Exit codes: 0 all files are right, 2 one is missing or wrong.")]
pub(crate) struct Command {
    /// A set, to check its files
    #[arg(requires = "folder")]
    set: Option<String>,
    /// The folder of its files, or the one above
    folder: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let (Some(name), Some(folder)) = (&command.set, &command.folder) else {
        terminal::print(&list())?;
        return Ok(());
    };
    let Some(set) = catalog::find(name) else {
        let names: Vec<&str> = KNOWN_SETS.iter().map(|set| set.name).collect();
        bail!("found set {name:?}, expected one of {}", names.join(", "));
    };
    check(set, folder)
}

fn check(set: &KnownSet, folder: &Path) -> anyhow::Result<()> {
    if !folder.is_dir() {
        bail!("{}: found no folder, expected the files of {}; get them from {}", folder.display(), set.title, set.home);
    }
    let files = catalog::check(set, folder);
    let wrong = files
        .iter()
        .filter(|(_, state)| matches!(state, FileState::Missing | FileState::Wrong { .. } | FileState::Unreadable(_)));
    let wrong = wrong.count();
    let lines = files.iter().map(|(file, state)| format!("{}: {state}\n", file.display()));
    terminal::print(&lines.collect::<String>())?;
    match (wrong, files.len()) {
        (_, 0) => terminal::print(&format!("{}: a folder of images; no checksums are published\n", set.title))?,
        (0, _) => {}
        (wrong, all) => bail!(
            "{}: found {wrong} of {all} files missing or wrong, expected none; get them from {}",
            folder.display(),
            set.home
        ),
    }
    Ok(())
}

fn list() -> String {
    let mut grid = Grid::of_text(1, &["name", "set", "licence", "home"]);
    for set in KNOWN_SETS {
        grid.row([set.name, set.title, set.licence, set.home]);
    }
    for set in EmbeddedSet::ALL {
        let name = format!("embedded:{}", set.name());
        grid.row([name.as_str(), "a part of it, inside the program", "see the whole set", ""]);
    }
    for noise in [Noise::Uniform, Noise::Gaussian] {
        grid.row([noise.name(), "seeded noise, made on the spot", "", ""]);
    }
    format!(
        "{}\nA set is written NAME:PATH, with the folder of its files or the one above; `oodbench data NAME PATH` checks them.\n\
         idx:PATH reads other files of MNIST's format, PATH alone a folder of images, an .npz or an .npy file.\n",
        grid.render(terminal::style())
    )
}
