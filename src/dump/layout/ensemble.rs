//! Folders without arrays of their own: `run.toml` names the runs that are the members of an ensemble.

use std::path::{Path, PathBuf};

use crate::dump::error::DumpError;
use crate::dump::meta::RunInfo;

/// Whether a folder names members; one whose `run.toml` cannot be read is left to those who look for a run in it.
pub(super) fn is_one(folder: &Path) -> bool {
    folder.join("run.toml").is_file() && RunInfo::read(folder).is_ok_and(|info| !info.members.is_empty())
}

/// The folders of the members that it names.
///
/// # Errors
/// [`DumpError`] for a member that is an ensemble itself, or no run as `is_run` has it.
pub(super) fn members(folder: &Path, is_run: fn(&Path) -> bool) -> Result<Vec<PathBuf>, DumpError> {
    let place_of = |name: &PathBuf| {
        let place = folder.join(name);
        let wrong = if is_one(&place) {
            "an ensemble itself"
        } else if !is_run(&place) {
            "which holds no run"
        } else {
            return Ok(place);
        };
        let found = format!("the member {name:?}, {wrong}");
        let remedy = "correct the path, which is seen from the folder of run.toml";
        Err(DumpError::malformed(folder.join("run.toml"), found, "the folder of a run with logits", remedy))
    };
    RunInfo::read(folder)?.members.iter().map(place_of).collect()
}
