//! The whole story at once: three networks trained alike but for their loss, their dumps, the paper's comparison, Fig. 1,
//! and a page with all of it.
//!
//! ```text
//! images ──► train (SoftMax, IsoMax, IsoMax+; same recipe, same seeds) ──► dumps/demo-LOSS-seedN
//!                                                     dumps ──► outcome ──► report/{index.html, table.md, fig1.png, ...}
//! ```
//!
//! The recipe is in [`settings`] and the same for all losses. No OOD image has a part in training, and nothing is chosen by
//! test images.

pub(crate) mod outcome;
pub(crate) mod report;
pub(crate) mod settings;
pub(crate) mod train;

use std::io;
use std::path::{Path, PathBuf};

pub(crate) use outcome::Outcome;
pub(crate) use settings::Settings;

use oodbench::dump::DumpError;
use oodbench::eval::{EvalError, PlanError, Progress};
use oodbench::plot::PlotError;
use oodbench_train::data::DataError;
use oodbench_train::error::TrainError;
use oodbench_train::observer::Observer;

/// Why a demo did not go through.
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
    /// A figure.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// There is nothing to train on.
    #[error("{set}: found no labels, expected one per image; choose a labelled set")]
    Unlabelled {
        /// The set.
        set: String,
    },
    /// A file of the report could not be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was stopped from outside; what was trained is kept.
    #[error("stopped in {run}, {epochs} epochs of it are kept; the same command with --resume goes on")]
    Stopped {
        /// The run that was being trained or dumped.
        run: String,
        /// Its epochs on disk.
        epochs: usize,
    },
}

impl DemoError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }
}

/// Someone who watches a demo.
pub(crate) trait Watcher {
    /// Someone to watch the training of one run.
    fn training(&self, run: &str) -> Box<dyn Observer>;

    /// Who watches images being extracted and rows being scored.
    fn rows(&self) -> &dyn Progress;
}

/// Does all of it, and leaves dumps, runs and report where `settings` says.
///
/// # Errors
/// [`DemoError`]; what was trained until then is kept.
pub(crate) fn run(settings: &Settings<'_>, watcher: &dyn Watcher) -> Result<Outcome, DemoError> {
    let images = train::Images::read(settings)?;
    let trained = train::train_all(settings, &images, watcher)?;
    let outcome = outcome::measure(&trained, watcher.rows())?;
    report::write(settings, &images, &outcome)?;
    Ok(outcome)
}
