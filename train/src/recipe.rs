//! Everything that decides how a network is trained, apart from the data: what a run's `recipe.toml` says, and what
//! a checkpoint must agree with to be resumed.

use serde::{Deserialize, Serialize};

use super::data::augment::Augmentation;
use super::data::{DataError, ImageSet, Normalisation};
use super::model::Design;
use super::schedule::Schedule;

/// How a network is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of weights, held-out images, order, crops and flips.
    pub seed: u64,
    /// Images per step.
    pub batch_size: usize,
    /// Nesterov momentum μ; the mean of it where the schedule moves it.
    pub momentum: f64,
    /// Weight decay λ, on every trainable parameter but those that a loss [exempts](crate::nn::Builder::undecayed).
    pub weight_decay: f64,
    /// Training images held out for validation; 0 for none.
    pub held_out: usize,
    /// Random crop and flip.
    pub augmentation: Crop,
    /// Means and deviations the images are normalised with.
    pub normalisation: Constants,
    /// The network.
    pub network: Design,
    /// The learning rates.
    pub schedule: Schedule,
    /// What it was trained on, as far as it has been: which images were held out depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<TrainingImages>,
}

/// The images of a training, held-out ones among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingImages {
    /// How many.
    pub count: usize,
    /// [`ImageSet::checksum`] of them.
    pub checksum: String,
}

impl TrainingImages {
    /// What tells a set from others.
    #[must_use]
    pub fn of(set: &ImageSet) -> Self {
        Self { count: set.len(), checksum: set.checksum() }
    }
}

/// Random crop with padding, and flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    /// Pixels of black padding on each side; 0 for no crop.
    pub padding: usize,
    /// Whether half of the images are mirrored.
    pub flip: bool,
}

/// Normalisation constants per channel, on the scale 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constants {
    /// Means.
    pub mean: Vec<f32>,
    /// Standard deviations.
    pub std: Vec<f32>,
}

/// A setting that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: found {found}, expected {expected}; change the recipe")]
pub struct RecipeError {
    /// Which setting.
    pub setting: &'static str,
    /// Its value.
    pub found: String,
    /// What it may be.
    pub expected: &'static str,
}

/// Why images are not those that a training held out.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum HeldOutError {
    /// None were.
    #[error("found weights that know of no held-out images, expected those of `train --val N`; leave val out")]
    None,
    /// The recipe is of a version that did not keep what it was trained on.
    #[error(
        "found weights that do not say which images they were trained on, expected those that `train` of this version writes; \
         train again, or leave val out"
    )]
    Unknown,
    /// Another number of images.
    #[error("found {found} images, expected the {expected} of the training; give the same --data and --images")]
    Count { found: usize, expected: usize },
    /// As many others.
    #[error("found {count} other images, expected those of the training; give the same --data and --images")]
    Others { count: usize },
    /// They cannot be held out.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl Recipe {
    /// The paper's recipe (§4): 300 epochs, batches of 64, Nesterov momentum 0.9, weight decay 10⁻⁴ on everything, random
    /// crop and flip. Nothing is held out, since nothing is chosen: the weights of the last epoch are the result. (The
    /// authors' code keeps the epoch with the best *test* accuracy.)
    #[must_use]
    pub fn paper(network: Design, normalisation: &Normalisation, seed: u64) -> Self {
        Self {
            seed,
            batch_size: 64,
            momentum: 0.9,
            weight_decay: 1e-4,
            held_out: 0,
            augmentation: Crop { padding: Augmentation::STANDARD.padding, flip: Augmentation::STANDARD.flip },
            normalisation: Constants { mean: normalisation.mean.clone(), std: normalisation.std.clone() },
            network,
            schedule: Schedule::paper(),
            images: None,
        }
    }

    /// Refuses settings that would train nothing or nonsense.
    ///
    /// # Errors
    /// The first setting out of its range.
    pub fn check(&self) -> Result<(), RecipeError> {
        let within = |range: std::ops::Range<f64>, value: f64| range.contains(&value);
        let rules = [
            (self.batch_size >= 2, "batch_size", self.batch_size.to_string(), "at least 2, for batch normalisation"),
            (within(0.0..1.0, self.momentum), "momentum", self.momentum.to_string(), "0 or more and below 1"),
            (
                within(0.0..1.0, self.weight_decay),
                "weight_decay",
                self.weight_decay.to_string(),
                "0 or more and below 1",
            ),
            (
                within(0.0..1.0, self.network.dropout),
                "network.dropout",
                self.network.dropout.to_string(),
                "0 or more and below 1",
            ),
            (self.network.classes >= 2, "network.classes", self.network.classes.to_string(), "at least 2"),
        ];
        for (holds, setting, found, expected) in rules.into_iter().chain(self.schedule.rules(self.momentum)) {
            if !holds {
                return Err(RecipeError { setting, found, expected });
            }
        }
        Ok(())
    }

    /// The same, of whatever images.
    #[must_use]
    pub fn without_images(&self) -> Self {
        Self { images: None, ..self.clone() }
    }

    /// The images that the training held out and those that it was left with, of the set that it was given.
    ///
    /// # Errors
    /// [`HeldOutError`] if nothing was held out, or this is not that set, as far as the recipe knows.
    pub fn hold_out(&self, set: &ImageSet) -> Result<(ImageSet, ImageSet), HeldOutError> {
        if self.held_out == 0 {
            return Err(HeldOutError::None);
        }
        let trained_on = self.images.as_ref().ok_or(HeldOutError::Unknown)?;
        let found = TrainingImages::of(set);
        if found.count != trained_on.count {
            return Err(HeldOutError::Count { found: found.count, expected: trained_on.count });
        }
        if found != *trained_on {
            return Err(HeldOutError::Others { count: found.count });
        }
        Ok(set.hold_out(self.held_out, self.seed)?)
    }

    /// What [`data`](super::data) augments with.
    #[must_use]
    pub fn augmentation(&self) -> Augmentation {
        Augmentation { padding: self.augmentation.padding, flip: self.augmentation.flip }
    }

    /// What [`data`](super::data) normalises with.
    ///
    /// # Errors
    /// The constants are not one finite mean and one positive deviation per channel.
    pub fn normalisation(&self) -> Result<Normalisation, DataError> {
        Normalisation::new(self.normalisation.mean.clone(), self.normalisation.std.clone())
    }
}
