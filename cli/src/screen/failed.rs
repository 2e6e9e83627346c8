//! What was asked for was done, and its answer is no: exit code 1, for scripts and CI.

/// The answer, in a line.
#[derive(Debug, thiserror::Error)]
#[error("failed: {0}")]
pub(crate) struct Failed(pub(crate) String);
