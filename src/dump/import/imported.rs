//! What is read of another tool's files, and what reads it.

use std::path::{Path, PathBuf};

use crate::dump::error::DumpError;
use crate::dump::layout::Taken;
use crate::dump::layout::listing::entries;
use crate::dump::meta::RunInfo;
use crate::rows::Split;

/// A run of somebody else's.
#[derive(Debug)]
pub struct Imported {
    /// What is known of it.
    pub info: RunInfo,
    /// Its splits.
    pub splits: Vec<Split>,
    /// What was taken for what, and why.
    pub taken: Vec<Taken>,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

/// Reads what a tool keeps.
pub struct Reader {
    /// The tool and its files.
    pub title: &'static str,
    /// The runs in a file or folder; none where it holds nothing of the kind.
    pub read: fn(&Path) -> Result<Vec<Imported>, DumpError>,
}

/// Folders between the place and a file.
const DEPTH: usize = 4;
/// Files looked at.
const MOST_FILES: usize = 1 << 14;

/// The files below a place, itself if it is one, with the names of their folders and their own below it.
pub(super) fn files(place: &Path) -> Result<Vec<PathBuf>, DumpError> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let mut found = Vec::new();
    let mut open = vec![(place.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        for entry in entries(&folder)? {
            match entry.is_dir() {
                true if depth < DEPTH => open.push((entry, depth + 1)),
                true => {}
                false => found.push(entry),
            }
            if found.len() + open.len() > MOST_FILES {
                let remedy = "name the folder that holds the scores";
                return Err(DumpError::malformed(place, format!("more than {MOST_FILES} files"), "fewer", remedy));
            }
        }
    }
    found.sort();
    Ok(found)
}
