//! Folders without arrays of their own: `run.toml` names the runs that are the members of an ensemble.

use std::path::Path;

use super::{RunFiles, is_run};
use crate::dump::error::DumpError;
use crate::dump::meta::RunInfo;

/// Whether a folder names members; one whose `run.toml` cannot be read is left to those who look for a run in it.
pub(super) fn is_one(folder: &Path) -> bool {
    folder.join("run.toml").is_file() && RunInfo::read(folder).is_ok_and(|info| !info.members.is_empty())
}

/// The runs that it names.
///
/// # Errors
/// [`DumpError`] for a member that is no run, or an ensemble itself.
pub(super) fn members(folder: &Path) -> Result<Vec<RunFiles>, DumpError> {
    let named = RunInfo::read(folder)?.members;
    let find = |name: &std::path::PathBuf| {
        let place = folder.join(name);
        let wrong = |found: &str| {
            let found = format!("the member {name:?}, {found}");
            let remedy = "correct the path, which is seen from the folder of run.toml";
            DumpError::malformed(folder.join("run.toml"), found, "the folder of a run with logits", remedy)
        };
        if is_one(&place) {
            return Err(wrong("an ensemble itself"));
        }
        if !is_run(&place) {
            return Err(wrong("which holds no run"));
        }
        RunFiles::find(&place)
    };
    named.iter().map(find).collect()
}
