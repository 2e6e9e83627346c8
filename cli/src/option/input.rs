//! Which folder a command reads when none is named.

use std::path::{Path, PathBuf};

use crate::screen::terminal;

/// Where dumps are looked for, in this order.
const DEFAULT_FOLDERS: [&str; 2] = ["dumps", "fixtures/dumps"];

/// The folder named, or the first default one there is; says which one that was.
pub(crate) fn folder(named: Option<&PathBuf>, quiet: bool) -> anyhow::Result<PathBuf> {
    if let Some(folder) = named {
        return Ok(folder.clone());
    }
    let found = DEFAULT_FOLDERS.iter().map(Path::new).find(|folder| folder.is_dir());
    let Some(folder) = found else {
        anyhow::bail!("found no dumps/ here; name the folder of your dump, `oodbench explain layout` shows its layout");
    };
    if !quiet {
        terminal::say(&format!("reading {}/", folder.display()));
    }
    Ok(folder.to_owned())
}
