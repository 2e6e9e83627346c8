//! Scores that other tools keep in files, as runs: each of them becomes `scores@<name>` of a dump.
//!
//! | file | reads |
//! |---|---|
//! | `openood` | OpenOOD's `scores/<postprocessor>.pkl` and `scores/<set>.npz` of its evaluators, a run for each folder that holds some |
//! | `pairs` | two files of one number per row: `confidence_Base_In.txt` and `confidence_Base_Out.txt`, `a_in_x_score.npy` and `a_out_x_score.npy` |
//! | `fd_shifts` | FD-Shifts' `raw_output.npz` and `raw_logits.npz`: outputs, label and number of the set of every row |
//!
//! Nothing is computed: values are taken as they are. To add a tool, write a file with a [`Reader`] and a line in [`READERS`].

mod fd_shifts;
mod imported;
mod openood;
mod pairs;

use std::path::Path;

use super::error::DumpError;
pub use imported::{Imported, Reader};

/// The tools whose files are known, the surest first.
pub const READERS: &[Reader] = &[openood::READER, fd_shifts::READER, pairs::READER];

/// The runs in a file or folder, and what they are.
///
/// # Errors
/// [`DumpError`] if nothing known is there, or a file of it cannot be read.
pub fn read(place: &Path) -> Result<(&'static str, Vec<Imported>), DumpError> {
    for reader in READERS {
        let runs = (reader.read)(place)?;
        if !runs.is_empty() {
            return Ok((reader.title, runs));
        }
    }
    let known: Vec<&str> = READERS.iter().map(|reader| reader.title).collect();
    let remedy = "name the file or its folder; logits and features are read by `oodbench score` where they are, `oodbench measure` reads single files of scores";
    Err(DumpError::malformed(place, "nothing that is known", known.join("; "), remedy))
}
