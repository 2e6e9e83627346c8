//! What was asked for was done, and its answer is no: exit code 1, for scripts and CI.

use super::terminal::is_broken_pipe;

/// The answer, in a line.
#[derive(Debug, thiserror::Error)]
#[error("failed: {0}")]
pub(crate) struct Failed(pub(crate) String);

impl Failed {
    /// The answer of a command that has printed why: whoever reads no further, as `| head` does, does not make it a yes.
    pub(crate) fn behind(printed: anyhow::Result<()>, answer: Option<String>) -> anyhow::Result<()> {
        match (printed, answer) {
            (printed, None) => printed,
            (Err(error), Some(_)) if !is_broken_pipe(&error) => Err(error),
            (_, Some(why)) => Err(Self(why).into()),
        }
    }
}
