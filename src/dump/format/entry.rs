//! What a format of arrays is, and words that all formats use in messages.

use std::path::Path;

use crate::dump::error::DumpError;
use crate::printable::line;
use crate::rows::array::StoredArray;

/// A file format of arrays.
pub trait Format: Sync {
    /// The ending of its files' names, without the dot; it names the format, too.
    fn ending(&self) -> &'static str;

    /// Whether a file is of this format, by its name or by its first bytes; either may be empty.
    fn recognises(&self, path: &Path, head: &[u8]) -> bool;

    /// Whether its files are tables, whose columns may be anything else than arrays of a dump: records, results.
    fn holds_columns(&self) -> bool {
        false
    }

    /// The names of the arrays in a file, sorted; `None` if a file of this format is one array without a name.
    ///
    /// # Errors
    /// [`DumpError`] if the file cannot be read.
    fn members(&self, path: &Path) -> Result<Option<Vec<String>>, DumpError>;

    /// Opens an array: the one of that name, or the only one.
    ///
    /// # Errors
    /// [`DumpError`] if it cannot be read, or if there are several and no name.
    fn open(&self, path: &Path, member: Option<&str>) -> Result<StoredArray, DumpError>;
}

pub(super) fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

/// The member to open where there may be only one.
pub(super) fn only<'a>(path: &Path, members: &'a [String]) -> Result<&'a str, DumpError> {
    match members {
        [only] => Ok(only),
        _ => Err(DumpError::malformed(
            path,
            format!("{} arrays ({})", members.len(), list(members)),
            "one array",
            "save one array per file, or the whole split as one archive (e.g. id/test.npz)",
        )),
    }
}

/// Of named arrays, the wanted one or the only one; `what` are the format's words for arrays.
pub(super) fn pick<T>(
    path: &Path,
    mut arrays: Vec<(String, T)>,
    wanted: Option<&str>,
    what: &str,
) -> Result<T, DumpError> {
    let names: Vec<String> = arrays.iter().map(|(name, _)| name.clone()).collect();
    let wanted = wanted.map_or_else(|| only(path, &names), Ok)?;
    match names.iter().position(|name| name == wanted) {
        Some(at) => Ok(arrays.swap_remove(at).1),
        None => {
            let found = format!("{what} {}", list(&names));
            Err(DumpError::malformed(path, found, format!("one named {}", printable(wanted)), "rename it"))
        }
    }
}

/// Names for a message: the first ten, without control characters.
pub(in crate::dump) fn list(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(10).map(|name| printable(name)).collect();
    if names.len() > shown.len() {
        shown.push("...".to_owned());
    }
    shown.join(", ")
}

/// Text of a file for a message: [`line`], not longer than a name.
pub(in crate::dump) fn printable(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", line(&text[..end])),
        None => line(text).into_owned(),
    }
}
