//! Why a demo did not go through.

use std::io;
use std::path::Path;

use crate::screen::words::counted;
use oodbench::dump::DumpError;
use oodbench::error::FileError;
use oodbench::eval::{EvalError, PlanError};
use oodbench::plot::PlotError;
use oodbench_train::data::DataError;
use oodbench_train::error::TrainError;

/// A demo that did not go through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// The images.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A training or an extraction.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A dump.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The dumps do not allow the comparison.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The comparison.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// A plot.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// There is nothing to train on.
    #[error("{set}: found no labels, expected one per image; choose a labelled set")]
    Unlabelled { set: String },
    /// A file of the report could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It was stopped from outside; what was trained is kept.
    #[error("stopped in {run}, {} of it kept; the same command with --resume goes on", counted(*epochs, "epoch"))]
    Stopped {
        /// The run that was being trained or dumped.
        run: String,
        epochs: usize,
    },
}

impl DemoError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let error = FileError::writing(path);
        |reason| Self::File(error(reason))
    }
}
