//! What is wrong with a composition, and where.

use std::fmt;
use std::ops::Range;

/// A composition that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompositionError {
    /// The composition as written.
    pub text: String,
    /// What it is about: characters of the text, or the end of it.
    pub place: Range<usize>,
    /// What is wrong.
    pub reason: String,
}

impl std::error::Error for CompositionError {}

impl fmt::Display for CompositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let marks = "^".repeat(self.place.len().max(1));
        let text: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        write!(f, "{}\n  {text}\n  {}{marks}", self.reason, " ".repeat(self.place.start))
    }
}
