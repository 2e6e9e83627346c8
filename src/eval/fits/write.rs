//! Writing a file of fits.

use std::io::{self, Write};

use super::description::Description;
use super::fit::Fits;
use super::sealed;
use crate::score::State;

/// Writes fits with their description, as arrays named `score/array`.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write<W: Write>(out: &mut W, fits: &Fits, fit: Description) -> io::Result<()> {
    let parts: Vec<(&str, State<'_>)> = fits.scores.iter().map(|score| (score.entry.id, score.scorer.save())).collect();
    sealed::write(out, &parts, &fit)
}
