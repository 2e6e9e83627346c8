//! What is read of another tool's files, and what reads it.

use std::path::{Path, PathBuf};

use crate::dump::error::DumpError;
use crate::dump::layout::Taken;
use crate::dump::layout::listing::files_below;
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

/// The files below a place, itself if it is one.
pub(super) fn files(place: &Path) -> Result<Vec<PathBuf>, DumpError> {
    files_below(place, (DEPTH, MOST_FILES), |_| true)?.ok_or_else(|| {
        let remedy = "name the folder that holds the scores";
        DumpError::malformed(place, format!("more than {MOST_FILES} files"), "fewer", remedy)
    })
}
