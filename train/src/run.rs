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

use candle_core::Tensor;

use super::checkpoint::{self, RunState};
use super::data::{Batch, Batches, Element, ImageSet, Normalisation, Recipe as BatchRecipe};
use super::device::Device;
use super::error::TrainError;
use super::evaluate::evaluate;
use super::history::{EpochRecord, write_history};
use super::input::{Tally, tensors};
use super::loss::mosaic::{mosaics, shares};
use super::model::Network;
use super::model::weights::Weights;
use super::nn::Mode;
use super::observer::{Event, Observer};
use super::optim::Sgd;
use super::perturb::ascent::climb;
use super::recipe::{Recipe, TrainingImages};
use super::schedule::Place;
use oodbench::numeric::checksum::{Checksum, Hasher};
use oodbench::output::{make_folder, write_atomically};

/// Steps between two looks at the loss; each look waits for the device.
const STEPS_BETWEEN_LOOKS: usize = 10;

/// Where a run lives and how it may end.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Its name, for those who watch.
    pub name: &'a str,
    /// Images of no class, for losses that learn from them.
    pub outliers: Option<&'a Arc<ImageSet>>,
    /// Weights to start from, as to fine-tune a network; else they are drawn from the seed.
    pub start: Option<&'a Weights>,
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
    set: &Arc<ImageSet>,
    options: Options<'_>,
    observer: &dyn Observer,
) -> Result<Outcome, TrainError> {
    recipe.check()?;
    check_set(recipe, set)?;
    // Whoever reads the weights has to know what was held out, and of what.
    let images = TrainingImages::of(set);
    let checksum_of_set = images.checksum.clone();
    let recipe = &Recipe { images: Some(images), ..recipe.clone() };
    let (training, validation) = match recipe.held_out {
        0 => (Arc::clone(set), None),
        count => {
            let (training, validation) = set.hold_out(count, recipe.seed)?;
            (Arc::new(training), Some(Arc::new(validation)))
        }
    };
    let loss = &recipe.network.loss;
    if loss.entry().normalises && training.len() % recipe.batch_size == 1 {
        let (loss, images, batch) = (loss.to_string(), training.len(), recipe.batch_size);
        return Err(TrainError::LoneImage { loss, images, batch });
    }
    make_folder(options.folder).map_err(TrainError::io(options.folder))?;
    let network = Network::new(&recipe.network, recipe.seed, options.device)?;
    if let Some(weights) = options.start {
        weights.load(&network).map_err(Box::new)?;
    }
    let changes_pixels = network.head().ascent().is_some() || network.head().mosaics();
    if changes_pixels && set.element != Element::Byte {
        let (found, expected) = (set.element.input().to_string(), format!("images, whose pixels {loss} changes"));
        return Err(TrainError::Mismatch { set: set.name.clone(), found, expected });
    }
    let sgd = Sgd::new(network.params(), recipe.momentum, recipe.weight_decay)?;
    let outliers = outliers(recipe, set, options.outliers)?;
    let data = match outliers {
        Some(outliers) => format!("{checksum_of_set} and outliers {}", outliers.checksum()),
        None => checksum_of_set,
    };
    let data = match options.start {
        Some(_) => format!("{data} and weights {}", checksum(&network)?),
        None => data,
    };
    let mut run = Run {
        recipe,
        normalisation: recipe.normalisation()?,
        options,
        training,
        validation,
        outliers: outliers.map(labelled),
        network,
        sgd,
        state: RunState { recipe: recipe.clone(), data, history: Vec::new() },
    };
    let file = checkpoint_file(options.folder);
    if options.resume && file.exists() {
        run.state.history = checkpoint::load(&file, &run.network, &mut run.sgd, &run.state)?;
    }
    write_recipe(recipe, &recipe_file(options.folder))?;
    let stopped = run.epochs(observer)?;
    Ok(Outcome { network: run.network, history: run.state.history, stopped })
}

/// Of all weights of a network.
fn checksum(network: &Network) -> Result<Checksum, TrainError> {
    let mut hasher = Hasher::new();
    for (name, tensor) in network.params().named()? {
        hasher.bytes(name.as_bytes());
        hasher.singles(&tensor.flatten_all()?.to_vec1::<f32>()?);
    }
    Ok(hasher.finish())
}

fn write_recipe(recipe: &Recipe, file: &Path) -> Result<(), TrainError> {
    let text = toml::to_string(recipe).map_err(std::io::Error::other);
    text.and_then(|text| write_atomically(file, text.as_bytes())).map_err(TrainError::io(file))
}

fn check_set(recipe: &Recipe, set: &ImageSet) -> Result<(), TrainError> {
    let (architecture, channels, classes) =
        (recipe.network.architecture, recipe.network.channels, recipe.network.classes);
    let found_classes = set.classes.filter(|_| set.labels.is_some());
    let found_classes = found_classes.ok_or_else(|| TrainError::Unlabelled { set: set.name.clone() })?;
    if set.misfit(architecture.input(), channels).is_none() && found_classes == classes {
        return Ok(());
    }
    let found = set.element.input().with(set.inputs());
    let expected = architecture.input().with(channels);
    Err(TrainError::Mismatch {
        set: set.name.clone(),
        found: format!("{found} and {found_classes} classes"),
        expected: format!("{expected} and {classes} classes"),
    })
}

/// The outliers, where the loss learns from them.
fn outliers<'a>(
    recipe: &Recipe,
    training: &ImageSet,
    outliers: Option<&'a Arc<ImageSet>>,
) -> Result<Option<&'a Arc<ImageSet>>, TrainError> {
    let loss = &recipe.network.loss;
    match (loss.entry().outliers, outliers) {
        (true, None) => {
            Err(TrainError::Outliers { loss: loss.to_string(), found: "none", expected: "a set of outliers" })
        }
        (false, Some(_)) => {
            Err(TrainError::Outliers { loss: loss.to_string(), found: "a set of outliers", expected: "none" })
        }
        (true, Some(set)) if set.element.input() != training.element.input() => Err(TrainError::Mismatch {
            set: set.name.clone(),
            found: set.element.input().to_string(),
            expected: format!("{}, as the training rows are", training.element.input()),
        }),
        (true, Some(set)) if set.shape() != training.shape() => Err(TrainError::Mismatch {
            set: set.name.clone(),
            found: format!("images of {:?}", set.shape()),
            expected: format!("{:?}, as the training images have", training.shape()),
        }),
        _ => Ok(outliers),
    }
}

/// The same images with labels, which training batches carry and nobody looks at here.
fn labelled(set: &Arc<ImageSet>) -> Arc<ImageSet> {
    match set.labels {
        Some(_) => Arc::clone(set),
        None => Arc::new(ImageSet { labels: Some(vec![0; set.len()]), classes: Some(1), ..ImageSet::clone(set) }),
    }
}

/// Batches without end of images that belong to no class: one pass after the other, each in an order of its own.
struct Outliers<'a> {
    set: &'a Arc<ImageSet>,
    normalisation: &'a Normalisation,
    recipe: BatchRecipe,
    /// Number of the next pass.
    pass: u64,
    batches: Batches,
}

impl<'a> Outliers<'a> {
    fn new(
        set: &'a Arc<ImageSet>,
        normalisation: &'a Normalisation,
        recipe: BatchRecipe,
        pass: u64,
    ) -> Result<Self, TrainError> {
        let batches = Batches::training(set, normalisation, &recipe, pass)?;
        Ok(Self { set, normalisation, recipe, pass: pass + 1, batches })
    }

    fn next(&mut self) -> Result<Option<Batch>, TrainError> {
        if let Some(batch) = self.batches.next() {
            return Ok(Some(batch));
        }
        self.batches = Batches::training(self.set, self.normalisation, &self.recipe, self.pass)?;
        self.pass += 1;
        Ok(self.batches.next())
    }
}

/// A run between its epochs.
struct Run<'a> {
    recipe: &'a Recipe,
    normalisation: Normalisation,
    options: Options<'a>,
    training: Arc<ImageSet>,
    validation: Option<Arc<ImageSet>>,
    /// With labels of no meaning.
    outliers: Option<Arc<ImageSet>>,
    network: Network,
    sgd: Sgd,
    state: RunState,
}

impl Run<'_> {
    /// All epochs still to do. Whether it was stopped.
    fn epochs(&mut self, observer: &dyn Observer) -> Result<bool, TrainError> {
        let first = self.state.history.len();
        observer.training(Event::Begin {
            run: self.options.name,
            first_epoch: first,
            epochs: self.recipe.schedule.epochs,
            steps: self.training.len().div_ceil(self.recipe.batch_size),
            parameters: self.network.params().count(),
        });
        for epoch in first..self.recipe.schedule.epochs {
            let Some(record) = self.epoch(epoch, observer)? else { return Ok(true) };
            self.state.history.push(record);
            let folder = self.options.folder;
            checkpoint::save(&checkpoint_file(folder), &self.network, &self.sgd, &self.state)?;
            let history = history_file(folder);
            write_history(&history, &self.state.history).map_err(TrainError::io(&history))?;
            if let Some(record) = self.state.history.last() {
                observer.training(Event::Epoch(record));
            }
        }
        checkpoint::save_weights(&weights_file(self.options.folder), &self.network, self.recipe)?;
        Ok(false)
    }

    /// Logits and targets of the first half of a batch, and the loss of the batch whose second half is mosaics: the training's accuracy is that of images.
    fn with_mosaics(&self, images: &Tensor, targets: &Tensor) -> candle_core::Result<(Tensor, Tensor, Tensor)> {
        let half = images.dim(0)? / 2;
        let rest = images.dim(0)? - half;
        let mixed = Tensor::cat(&[images.narrow(0, 0, half)?, mosaics(&images.narrow(0, half, rest)?)?], 0)?;
        // As one batch: batch normalisation sees both.
        let all = self.network.logits(&mixed, Mode::Train)?;
        let (logits, plain) = (all.narrow(0, 0, half)?, targets.narrow(0, 0, half)?);
        let shares = shares(&targets.narrow(0, half, rest)?, self.recipe.network.classes)?;
        let head = self.network.head();
        let of_both = (head.loss(&logits, &plain, None)? + head.mosaic_loss(&all.narrow(0, half, rest)?, &shares)?)?;
        Ok((logits, plain, (of_both * 0.5)?))
    }

    /// One epoch, or nothing if it was stopped.
    fn epoch(&mut self, epoch: usize, observer: &dyn Observer) -> Result<Option<EpochRecord>, TrainError> {
        let recipe = BatchRecipe {
            batch_size: self.recipe.batch_size,
            augmentation: self.recipe.augmentation(),
            seed: self.recipe.seed,
            drop_last: false,
        };
        let schedule = &self.recipe.schedule;
        // As order and crops: a run that goes on draws the masks of one that was never stopped.
        self.network.dropout().start(self.recipe.seed, epoch as u64);
        let start = Instant::now();
        let mut tally = Tally::default();
        let batches = Batches::training(&self.training, &self.normalisation, &recipe, epoch as u64)?;
        // An order that neither the training images nor another epoch has, whatever the number of passes in an epoch.
        let passes = (epoch as u64 + 1) << 32;
        let mut outliers = match &self.outliers {
            Some(set) => Some(Outliers::new(set, &self.normalisation, recipe, passes)?),
            None => None,
        };
        let (steps, mut seen) = (batches.len(), 0);
        let place = |step: usize| Place { epoch, step: step.saturating_sub(1), steps };
        for (step, batch) in (1..).zip(batches) {
            if self.options.stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let (images, targets) = tensors(batch, self.options.device.candle())?;
            seen += images.dim(0)?;
            let mut targets = targets.ok_or_else(|| TrainError::Unlabelled { set: self.training.name.clone() })?;
            let outside = match &mut outliers {
                Some(outliers) => outliers.next()?,
                None => None,
            };
            let (logits, loss) = match outside {
                // A batch of one image has no half.
                None if self.network.head().mosaics() && images.dim(0)? > 1 => {
                    let (logits, plain, loss) = self.with_mosaics(&images, &targets)?;
                    targets = plain;
                    (logits, loss)
                }
                None => {
                    let logits = self.network.logits(&images, Mode::Train)?;
                    let loss = self.network.head().loss(&logits, &targets, None)?;
                    (logits, loss)
                }
                Some(outside) => {
                    // As one batch: batch normalisation sees both.
                    let (outside, _) = tensors(outside, self.options.device.candle())?;
                    let outside = match self.network.head().ascent() {
                        Some(ascent) => climb(ascent, &self.network, &outside, &self.normalisation)?,
                        None => outside,
                    };
                    let (inside, count) = (images.dim(0)?, outside.dim(0)?);
                    let all = self.network.logits(&Tensor::cat(&[&images, &outside], 0)?, Mode::Train)?;
                    let logits = all.narrow(0, 0, inside)?;
                    let outside = all.narrow(0, inside, count)?;
                    let loss = self.network.head().loss(&logits, &targets, Some(&outside))?;
                    (logits, loss)
                }
            };
            self.sgd.set_momentum(schedule.momentum_at(place(step), self.recipe.momentum));
            self.sgd.step(&loss.backward()?, schedule.rate_at(place(step)))?;
            tally.add(&loss, &logits, &targets)?;
            if step % STEPS_BETWEEN_LOOKS == 0 || step == steps {
                let (loss, accuracy) = tally.means()?;
                if !loss.is_finite() {
                    return Err(TrainError::Diverged { epoch: epoch + 1, step, loss });
                }
                let images_per_second = seen as f64 / start.elapsed().as_secs_f64();
                observer.training(Event::Progress { epoch, step, loss, accuracy, images_per_second });
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let (train_loss, train_accuracy) = tally.means()?;
        let validation = match &self.validation {
            Some(set) => Some(evaluate(&self.network, set, &self.normalisation)?),
            None => None,
        };
        Ok(Some(EpochRecord {
            epoch: epoch + 1,
            rate: schedule.rate_at(place(steps)),
            train_loss,
            train_accuracy,
            validation_loss: validation.map(|(loss, _)| loss),
            validation_accuracy: validation.map(|(_, accuracy)| accuracy),
            seconds,
            images_per_second: seen as f64 / seconds,
        }))
    }
}
