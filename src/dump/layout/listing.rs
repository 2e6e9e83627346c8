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

/// The files below a place that are to be taken, in order of their paths; the place itself if it is one. None if there are more files and folders than `most`, which is
/// no folder of a dump.
pub(in crate::dump) fn files_below(
    place: &Path,
    (depth, most): (usize, usize),
    is_taken: impl Fn(&Path) -> bool,
) -> Result<Option<Vec<PathBuf>>, DumpError> {
    if !place.is_dir() {
        return Ok(Some(vec![place.to_owned()]));
    }
    let mut found = Vec::new();
    let mut open = vec![(place.to_owned(), 0)];
    while let Some((folder, level)) = open.pop() {
        for entry in entries(&folder)? {
            match entry.is_dir() {
                true if level < depth => open.push((entry, level + 1)),
                false if is_taken(&entry) => found.push(entry),
                _ => {}
            }
            if found.len() + open.len() > most {
                return Ok(None);
            }
        }
    }
    found.sort();
    Ok(Some(found))
}

/// The name of a file without its ending; what is not UTF-8 in it is replaced.
pub(in crate::dump) fn stem(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // Of `test.safetensors.index.json` all of it.
    stem.strip_suffix(".safetensors.index").map(str::to_owned).unwrap_or(stem)
}
