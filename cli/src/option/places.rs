//! Where the dumps of several runs are written: a folder for each, by its name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::bail;
use oodbench::dump::name::check_name;
use oodbench::dump::write::{WriteError, refuse_sources};

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

/// Refuses to replace what a command reads: `texts` are paths, or specifications such as NAME=KIND:PATH.
pub(crate) fn refuse_to_replace<'a>(out: &Path, texts: impl IntoIterator<Item = &'a Path>) -> Result<(), WriteError> {
    texts.into_iter().try_for_each(|text| refuse_sources(out, meanings(text)))
}

/// The paths that a specification may mean: all of it, or what comes behind one of its signs.
fn meanings(text: &Path) -> Vec<&Path> {
    let parts = text
        .to_str()
        .into_iter()
        .flat_map(|text| text.match_indices(['=', ':']).map(move |(at, sign)| Path::new(&text[at + sign.len()..])));
    // An empty path would be the folder one is in.
    std::iter::once(text).chain(parts).filter(|path| !path.as_os_str().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_specification_is_found() {
        let of = |text: &'static str| meanings(Path::new(text));
        assert_eq!(of("far=npy:a/b"), ["far=npy:a/b", "npy:a/b", "a/b"].map(Path::new));
        assert_eq!(of("cifar10:"), [Path::new("cifar10:")]);
    }
}
