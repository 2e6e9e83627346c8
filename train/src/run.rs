//! The training loop.
//!
//! It is written once. It never sees test images: the network of the last epoch is the result, whatever its
//! validation accuracy. (The authors' code keeps the epoch of the best test accuracy.)
//!
//! A run's folder holds
//!
//! ```text
//! recipe.toml              how it is trained
//! checkpoint.safetensors   what --resume needs, replaced at the end of each epoch
//! history.csv              one row per epoch
//! weights.safetensors      the result, by PyTorch's names, once the last epoch is over
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use candle_core::Device;

use super::checkpoint::{self, Progress};
use super::data::{Batches, ImageSet, Normalisation, Recipe as BatchRecipe};
use super::error::TrainError;
use super::evaluate::evaluate;
use super::history::{EpochRecord, write_history};
use super::input::{Tally, tensors};
use super::model::Network;
use super::nn::Mode;
use super::observer::{Event, Observer};
use super::optim::Sgd;
use super::recipe::Recipe;
use oodbench::output::write_atomically;

/// Steps between two looks at the loss; each look waits for the device.
const STEPS_BETWEEN_LOOKS: usize = 10;

/// Where a run lives and how it may end.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The run's folder; made if it is not there.
    pub folder: &'a Path,
    /// Go on from the folder's checkpoint, if there is one.
    pub resume: bool,
    /// Where the network lives.
    pub device: &'a Device,
    /// Set from outside to end the run at the next step. The last epoch's checkpoint stays.
    pub stop: &'a AtomicBool,
}

/// How a run ended.
pub struct Outcome {
    /// The network as it is now.
    pub network: Network,
    /// The epochs that were finished.
    pub history: Vec<EpochRecord>,
    /// Whether it was stopped before its last epoch was over.
    pub stopped: bool,
}

/// The checkpoint of a run's folder.
#[must_use]
pub fn checkpoint_file(folder: &Path) -> PathBuf {
    folder.join("checkpoint.safetensors")
}

/// The history of a run's folder.
#[must_use]
pub fn history_file(folder: &Path) -> PathBuf {
    folder.join("history.csv")
}

/// The weights of a run's folder.
#[must_use]
pub fn weights_file(folder: &Path) -> PathBuf {
    folder.join("weights.safetensors")
}

/// The recipe of a run's folder.
#[must_use]
pub fn recipe_file(folder: &Path) -> PathBuf {
    folder.join("recipe.toml")
}

/// Trains a network on `set` by `recipe`.
///
/// # Errors
/// The recipe, the data or a checkpoint is wrong, a file cannot be written, or the loss is no longer finite.
pub fn train(
    recipe: &Recipe,
    set: &ImageSet,
    options: Options<'_>,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    recipe.check()?;
    check_set(recipe, set)?;
    std::fs::create_dir_all(options.folder).map_err(TrainError::io(options.folder))?;
    let (training, validation) = match recipe.held_out {
        0 => (Arc::new(set.clone()), None),
        count => {
            let (training, validation) = set.hold_out(count, recipe.seed)?;
            (Arc::new(training), Some(Arc::new(validation)))
        }
    };
    let network = Network::new(recipe.network, recipe.seed, options.device)?;
    let sgd = Sgd::new(network.params(), recipe.momentum, recipe.weight_decay)?;
    let mut run = Run {
        recipe,
        normalisation: recipe.normalisation()?,
        options,
        training,
        validation,
        network,
        sgd,
        progress: Progress { recipe: recipe.clone(), data: set.checksum(), history: Vec::new() },
    };
    let file = checkpoint_file(options.folder);
    if options.resume && file.exists() {
        run.progress.history = checkpoint::load(&file, &run.network, &mut run.sgd, &run.progress)?;
    }
    write_recipe(recipe, &recipe_file(options.folder))?;
    let stopped = run.epochs(observer)?;
    Ok(Outcome { network: run.network, history: run.progress.history, stopped })
}

fn write_recipe(recipe: &Recipe, file: &Path) -> Result<(), TrainError> {
    let text = toml::to_string(recipe).map_err(std::io::Error::other);
    text.and_then(|text| write_atomically(file, text.as_bytes())).map_err(TrainError::io(file))
}

fn check_set(recipe: &Recipe, set: &ImageSet) -> Result<(), TrainError> {
    let (channels, classes) = (recipe.network.channels, recipe.network.classes);
    let found_classes = set.classes.filter(|_| set.labels.is_some());
    let found_classes = found_classes.ok_or_else(|| TrainError::Unlabelled { set: set.name.clone() })?;
    if set.channels == channels && found_classes == classes {
        return Ok(());
    }
    Err(TrainError::Mismatch {
        set: set.name.clone(),
        found: format!("{} channels and {found_classes} classes", set.channels),
        expected: format!("{channels} channels and {classes} classes"),
    })
}

/// A run between its epochs.
struct Run<'a> {
    recipe: &'a Recipe,
    normalisation: Normalisation,
    options: Options<'a>,
    training: Arc<ImageSet>,
    validation: Option<Arc<ImageSet>>,
    network: Network,
    sgd: Sgd,
    progress: Progress,
}

impl Run<'_> {
    /// All epochs still to do. Whether it was stopped.
    fn epochs(&mut self, observer: &mut dyn Observer) -> Result<bool, TrainError> {
        let first = self.progress.history.len();
        observer.notice(Event::Begin {
            first_epoch: first,
            epochs: self.recipe.schedule.epochs,
            steps: self.training.len().div_ceil(self.recipe.batch_size),
            parameters: self.network.params().count(),
        });
        for epoch in first..self.recipe.schedule.epochs {
            let Some(record) = self.epoch(epoch, observer)? else { return Ok(true) };
            self.progress.history.push(record);
            let folder = self.options.folder;
            checkpoint::save(&checkpoint_file(folder), &self.network, &self.sgd, &self.progress)?;
            let history = history_file(folder);
            write_history(&history, &self.progress.history).map_err(TrainError::io(&history))?;
            if let Some(record) = self.progress.history.last() {
                observer.notice(Event::Epoch(record));
            }
        }
        checkpoint::save_weights(&weights_file(self.options.folder), &self.network, self.recipe)?;
        Ok(false)
    }

    /// One epoch, or nothing if it was stopped.
    fn epoch(&mut self, epoch: usize, observer: &mut dyn Observer) -> Result<Option<EpochRecord>, TrainError> {
        let recipe = BatchRecipe {
            batch_size: self.recipe.batch_size,
            augmentation: self.recipe.augmentation(),
            seed: self.recipe.seed,
            drop_last: false,
        };
        let rate = self.recipe.schedule.rate_in(epoch);
        let start = Instant::now();
        let mut tally = Tally::default();
        let batches = Batches::training(&self.training, &self.normalisation, &recipe, epoch as u64)?;
        let steps = batches.len();
        for (step, batch) in (1..).zip(batches) {
            if self.options.stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let (images, targets) = tensors(batch, self.options.device)?;
            let targets = targets.ok_or_else(|| TrainError::Unlabelled { set: self.training.name.clone() })?;
            let logits = self.network.logits(&images, Mode::Train)?;
            let loss = self.network.head().loss(&logits, &targets)?;
            self.sgd.step(&loss.backward()?, rate)?;
            tally.add(&loss, &logits, &targets)?;
            if step % STEPS_BETWEEN_LOOKS == 0 || step == steps {
                let (loss, accuracy) = tally.means()?;
                if !loss.is_finite() {
                    return Err(TrainError::Diverged { epoch: epoch + 1, step, loss });
                }
                let images_per_second = tally.images() as f64 / start.elapsed().as_secs_f64();
                observer.notice(Event::Progress { epoch, step, loss, accuracy, images_per_second });
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let (train_loss, train_accuracy) = tally.means()?;
        let validation = match &self.validation {
            Some(set) => Some(evaluate(&self.network, set, &self.normalisation, self.options.device)?),
            None => None,
        };
        Ok(Some(EpochRecord {
            epoch: epoch + 1,
            rate,
            train_loss,
            train_accuracy,
            validation_loss: validation.map(|(loss, _)| loss),
            validation_accuracy: validation.map(|(_, accuracy)| accuracy),
            seconds,
            images_per_second: tally.images() as f64 / seconds,
        }))
    }
}
