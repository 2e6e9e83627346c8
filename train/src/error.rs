//! Why a training or an extraction did not go through.

use std::io;
use std::path::Path;

use oodbench::dump::WriteError;
use oodbench::error::FileError;
use oodbench::fit::FitError;
use oodbench::rows::RowsError;

use super::checkpoint::CheckpointError;
use super::data::DataError;
use super::model::weights::WeightsError;
use super::recipe::RecipeError;

/// Why a training or an extraction did not go through.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
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
    Mismatch { set: String, found: String, expected: String },
    /// A set without labels where labels are needed.
    #[error("{set}: found no labels, expected one per image; choose a labelled set")]
    Unlabelled { set: String },
    /// A loss that learns from outliers without them, or the other way round.
    #[error(
        "loss {loss}: found {found}, expected {expected}; --outliers names a set for losses that learn from outliers, outlier-exposure among them"
    )]
    Outliers { loss: String, found: &'static str, expected: &'static str },
    /// A last batch that the loss cannot learn from.
    #[error(
        "loss {loss}: found {images} training images in batches of {batch}, the last of 1, expected 2 images or more in each, over which the loss normalises; \
         choose another --batch"
    )]
    LoneImage {
        loss: String,
        images: usize,
        /// Images of a batch.
        batch: usize,
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
        loss: f64,
    },
    /// It was stopped from outside; finished epochs are kept, of a dump nothing is.
    #[error("stopped")]
    Stopped {
        /// The epochs that are kept.
        epochs: usize,
    },
    /// The weights.
    #[error(transparent)]
    Weights(#[from] Box<WeightsError>),
    /// A classifier gave rows that are no rows of one array.
    #[error(
        "{array} of {set}: found {found} in a batch, expected {expected}; a classifier gives a row per image, all of one width"
    )]
    Outputs { array: String, set: String, found: String, expected: String },
    /// A classifier gave numbers that scores refuse.
    #[error(
        "{array} of {set}: found NaN or an infinite value in row {row}, expected finite ones; the network diverged, or the row is far beyond what it was trained on"
    )]
    NotFinite { array: String, set: String, row: usize },
    /// What a classifier gave are no rows of a dump.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The dump.
    #[error(transparent)]
    Dump(#[from] WriteError),
    /// A layer the network does not have.
    #[error("found layer {found:?}, expected one of {expected}")]
    Layer { found: String, expected: String },
    /// Gram matrices of a network without pixels.
    #[error("--gram: found the network {network}, whose layers have no pixels, expected one of images; leave it out")]
    NoMaps { network: &'static str },
    /// Something that a perturbation of images needs.
    #[error("--perturb: missing {lacking}, expected {why}")]
    Perturbation { lacking: String, why: &'static str },
    /// An attack without images to attack.
    #[error(
        "--val-ood {attack}: missing id/val, whose images are attacked; hold images out, with `train --val N` or `extract --split val,test`"
    )]
    NothingToAttack { attack: &'static str },
    /// An attack that fooled nobody.
    #[error(
        "--val-ood {attack}: found none of the {images} images of {set} that are classified rightly taken for another class after the attack, expected one or more; take another attack, or OOD images by --val-ood DATA"
    )]
    Attack { attack: &'static str, images: usize, set: String },
    /// Class means and covariances could not be had.
    #[error(transparent)]
    Fit(#[from] Box<FitError>),
    /// Passes with dropout of a network without it.
    #[error(
        "--mc-samples {samples}: found a network without dropout, which makes the same of an image every time, expected one trained with --dropout; give --dropout to `train`, or to `extract` for weights of others"
    )]
    Dropout { samples: usize },
    /// A file could not be written or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// candle failed: out of memory, or a device error.
    #[error("{}", .0.to_string().lines().next().unwrap_or_default())]
    Candle(candle_core::Error),
}

/// candle's error is no source: its text holds a backtrace, and the first line is the message already.
impl From<candle_core::Error> for TrainError {
    fn from(error: candle_core::Error) -> Self {
        Self::Candle(error)
    }
}

impl TrainError {
    /// Something at `path` that could not be written.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let error = FileError::writing(path);
        |reason| Self::File(error(reason))
    }
}
