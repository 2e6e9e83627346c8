//! Why a training or an extraction did not go through.

use std::io;
use std::path::{Path, PathBuf};

use super::checkpoint::CheckpointError;
use super::data::DataError;
use super::recipe::RecipeError;

/// Why a training or an extraction did not go through.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The images do not fit the network.
    #[error("{set}: found {found}, expected {expected}; choose the network for this data")]
    Mismatch {
        /// The set's name.
        set: String,
        /// What it has.
        found: String,
        /// What the network takes.
        expected: String,
    },
    /// A set without labels where labels are needed.
    #[error("{set}: found no labels, expected one per image; choose a labelled set")]
    Unlabelled {
        /// The set's name.
        set: String,
    },
    /// The loss is not finite.
    #[error(
        "training diverged: found loss {loss} in step {step} of epoch {epoch}, expected a finite one; lower the learning rate or resume from the last checkpoint"
    )]
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step at which it was seen, counted from 1.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// The output is there already.
    #[error("{}: found something there, expected nothing; remove it, choose another place, or allow to replace it", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// A layer the network does not have.
    #[error("found layer {found:?}, expected one of {expected}")]
    Layer {
        /// The name asked for.
        found: String,
        /// The names there are.
        expected: String,
    },
    /// A file could not be written or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// candle failed: out of memory, or a device error.
    #[error("{}", .0.to_string().lines().next().unwrap_or_default())]
    Candle(#[from] candle_core::Error),
}

impl TrainError {
    /// An [`Io`](Self::Io) error at `path`.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }
}
