//! What was taken for what where names had to be understood, and why: a wrong guess must be impossible to miss.

/// An array that was found by what its name says, or where a layout file puts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What it was taken for: `id/test/logits`, `head/weight`.
    pub what: String,
    /// The file and the array in it, relative to the run: `val.pt[logits]`.
    pub from: String,
    /// Why.
    pub why: String,
}
