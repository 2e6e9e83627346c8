//! What is in a folder, and names of files as text.

use std::path::{Path, PathBuf};

use crate::dump::error::DumpError;

/// The last component of a path; what is not UTF-8 in it is replaced.
pub(in crate::dump) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What is in a folder, by name, without hidden files.
pub(in crate::dump) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DumpError> {
    let listing = std::fs::read_dir(folder).map_err(|error| DumpError::io(folder, error))?;
    let mut paths = Vec::new();
    for entry in listing {
        let path = entry.map_err(|error| DumpError::io(folder, error))?.path();
        if !file_name(&path).starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The name of a file without its ending; what is not UTF-8 in it is replaced.
pub(in crate::dump) fn stem(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // Of `test.safetensors.index.json` all of it.
    stem.strip_suffix(".safetensors.index").map(str::to_owned).unwrap_or(stem)
}
