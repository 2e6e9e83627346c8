//! Folders without arrays of their own: `run.toml` names the runs that are the members of an ensemble.

use std::path::{Path, PathBuf};

use crate::dump::error::DumpError;
use crate::dump::meta::RunInfo;

/// Whether a folder names members. One without arrays whose `run.toml` cannot be read, as with a misspelt `members`, is taken for one too: what is wrong
/// with that file is then what is said.
pub(super) fn is_one(folder: &Path) -> bool {
    let named = || RunInfo::read(folder).map_or(true, |info| !info.members.is_empty());
    folder.join("run.toml").is_file() && !folder.join("id").is_dir() && named()
}

/// The folders of the members that it names.
///
/// # Errors
/// [`DumpError`] for a member that is an ensemble itself, no run as `is_run` has it, or named twice.
pub(super) fn members(folder: &Path, is_run: fn(&Path) -> bool) -> Result<Vec<PathBuf>, DumpError> {
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut place_of = |name: &PathBuf| {
        let place = folder.join(name);
        let wrong = if is_one(&place) {
            // Else what is wrong with its file.
            RunInfo::read(&place)?;
            "an ensemble itself"
        } else if !is_run(&place) {
            "which holds no run"
        } else {
            let own = place.canonicalize().unwrap_or_else(|_| place.clone());
            if !seen.contains(&own) {
                seen.push(own);
                return Ok(place);
            }
            "named before"
        };
        let found = format!("the member {name:?}, {wrong}");
        let remedy = "correct the path, which is seen from the folder of run.toml";
        let expected = "the folder of a run with logits, and every run once";
        Err(DumpError::malformed(folder.join("run.toml"), found, expected, remedy))
    };
    RunInfo::read(folder)?.members.iter().map(&mut place_of).collect()
}
