//! `oodbench data`: image sets known by name, and whether files are what they should be.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use crate::option::format::Printed;
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
    #[command(flatten)]
    printed: Printed,
}

/// A set and where to get it.
#[derive(Serialize)]
struct Known {
    name: String,
    set: &'static str,
    licence: &'static str,
    home: &'static str,
}

/// A file and what it is.
#[derive(Serialize)]
struct Checked {
    file: String,
    state: String,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let (Some(name), Some(folder)) = (&command.set, &command.folder) else {
        return list(&command.printed);
    };
    let Some(set) = catalog::find(name) else {
        let names: Vec<&str> = KNOWN_SETS.iter().map(|set| set.name).collect();
        bail!("found set {name:?}, expected one of {}", names.join(", "));
    };
    check(set, folder, &command.printed)
}

fn check(set: &KnownSet, folder: &Path, printed: &Printed) -> anyhow::Result<()> {
    if !folder.is_dir() {
        bail!("{}: found no folder, expected the files of {}; get them from {}", folder.display(), set.title, set.home);
    }
    let files = catalog::check(set, folder);
    let wrong = files
        .iter()
        .filter(|(_, state)| matches!(state, FileState::Missing | FileState::Wrong { .. } | FileState::Unreadable(_)));
    let wrong = wrong.count();
    let checked =
        |(file, state): &(PathBuf, FileState)| Checked { file: file.display().to_string(), state: state.to_string() };
    let rows: Vec<Checked> = files.iter().map(checked).collect();
    let mut grid = Grid::of_text(1, &["file", "state"]);
    rows.iter().for_each(|row| grid.row([&row.file, &row.state]));
    printed.print(&rows, &grid, |_| match &rows[..] {
        [] => format!("{}: a folder of images; no checksums are published\n", set.title),
        rows => rows.iter().map(|row| format!("{}: {}\n", row.file, row.state)).collect(),
    })?;
    if wrong > 0 {
        bail!(
            "{}: found {wrong} of {} files missing or wrong, expected none; get them from {}",
            folder.display(),
            files.len(),
            set.home
        );
    }
    Ok(())
}

fn list(printed: &Printed) -> anyhow::Result<()> {
    let known = KNOWN_SETS.iter().map(|set| Known {
        name: set.name.to_owned(),
        set: set.title,
        licence: set.licence,
        home: set.home,
    });
    let embedded = EmbeddedSet::ALL.into_iter().map(|set| Known {
        name: format!("embedded:{}", set.name()),
        set: "a part of it, inside the program",
        licence: "see the whole set",
        home: "",
    });
    let noise = Noise::ALL.map(|noise| Known {
        name: noise.name().to_owned(),
        set: "seeded noise, made on the spot",
        licence: "",
        home: "",
    });
    let rows: Vec<Known> = known.chain(embedded).chain(noise).collect();
    let mut grid = Grid::of_text(1, &["name", "set", "licence", "home"]);
    rows.iter().for_each(|row| grid.row([&row.name, row.set, row.licence, row.home]));
    printed.print(&rows, &grid, |style| {
        format!(
            "{}\nA set is written NAME:PATH, with the folder of its files or the one above; `oodbench data NAME PATH` checks them.\n\
             idx:PATH reads other files of MNIST's format, PATH alone a folder of images, an .npz or an .npy file.\n",
            grid.render(style)
        )
    })
}
