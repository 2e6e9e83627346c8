//! What a format of arrays is, and words that all formats use in messages.

use std::path::Path;

use crate::dump::error::DumpError;
use crate::rows::array::StoredArray;

/// A file format of arrays.
pub trait Format: Sync {
    /// The ending of its files' names, without the dot; it names the format, too.
    fn ending(&self) -> &'static str;

    /// Whether a file is of this format, by its name or by its first bytes; either may be empty.
    fn recognises(&self, path: &Path, head: &[u8]) -> bool;

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

/// Names for a message: the first ten, without control characters.
pub(in crate::dump) fn list(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(10).map(|name| printable(name)).collect();
    if names.len() > shown.len() {
        shown.push("...".to_owned());
    }
    shown.join(", ")
}

/// Text of a file for a message: no control characters, not longer than a name.
pub(in crate::dump) fn printable(text: &str) -> String {
    let mut shown: String = text.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(60).is_some() {
        shown.push_str("...");
    }
    shown
}
