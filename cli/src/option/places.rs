//! Where the dumps of several runs are written: a folder for each, by its name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::bail;
use oodbench::dump::name::check_name;

/// The places of runs below `out`; of one run, `out` itself. Names come from files, and what is at a place may be replaced: before anything is written each has to be a
/// folder of its own in `out`.
pub(crate) fn places(out: &Path, names: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    if names.len() == 1 {
        return Ok(vec![out.to_owned()]);
    }
    let mut seen = BTreeSet::new();
    for name in names {
        if let Err(error) = check_name(name) {
            bail!("a run cannot be written into {}: {error}", out.display());
        }
        if !seen.insert(name) {
            bail!(
                "found several runs of the name {name:?}, expected distinct names, those of their folders in {}; name one run at a time, each with its own --out",
                out.display()
            );
        }
    }
    Ok(names.iter().map(|name| out.join(name)).collect())
}
