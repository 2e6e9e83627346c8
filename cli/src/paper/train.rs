//! The networks of a demo and their dumps.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::DemoError;
use super::settings::{LOSSES, Settings, recipe};
use oodbench::rows::Role;
use oodbench_train::data::{ImageSet, Normalisation, ood, open};
use oodbench_train::error::TrainError;
use oodbench_train::extract::Sets;
use oodbench_train::history::EpochRecord;
use oodbench_train::job::{DumpPlan, Training, Workplace};
use oodbench_train::loss::LossChoice;

/// Seed of the noise sets: they are the same for every network.
const NOISE_SEED: u64 = 1;

/// All images of a demo.
pub(crate) struct Images {
    /// The in-distribution set's name.
    pub(crate) name: String,
    /// What is trained on.
    pub(crate) training: Arc<ImageSet>,
    /// Number of classes.
    pub(crate) classes: usize,
    /// Constants of the in-distribution set.
    pub(crate) normalisation: Normalisation,
    /// What is dumped, the training images first, then the test images, then the OOD sets.
    pub(crate) sets: Sets,
}

impl Images {
    /// Reads them all.
    ///
    /// # Errors
    /// A set cannot be read, has no labels to train with, or images of another shape.
    pub(crate) fn read(settings: &Settings) -> Result<Self, DemoError> {
        let first = |set: ImageSet| match settings.images {
            Some(count) => set.take(count),
            None => Ok(set),
        };
        let source = open::open(&settings.data, None)?;
        let training = Arc::new(first(source.train()?)?);
        let classes = training.classes.filter(|_| training.labels.is_some());
        let classes = classes.ok_or_else(|| DemoError::Unlabelled { set: training.name.clone() })?;
        let mut sets = vec![(Role::Train, Arc::clone(&training)), (Role::Test, Arc::new(first(source.test()?)?))];
        for specification in &settings.ood {
            let set = first(ood::read(specification, training.form(), false, NOISE_SEED)?)?;
            sets.push((Role::Ood { group: None, name: set.name.clone() }, Arc::new(set)));
        }
        let normalisation = source.normalisation().normalisation(training.channels)?;
        Ok(Self { name: source.name().to_owned(), training, classes, normalisation, sets })
    }
}

/// A network that was trained and dumped.
#[derive(Clone, Debug)]
pub(crate) struct Trained {
    /// The run's name.
    pub(crate) name: String,
    /// Its seed.
    pub(crate) seed: u64,
    /// Its dump.
    pub(crate) dump: PathBuf,
    /// Its epochs.
    pub(crate) history: Vec<EpochRecord>,
}

/// Trains a network per seed and loss, one after the other, and dumps it.
///
/// # Errors
/// A training or an extraction failed or was stopped.
pub(crate) fn train_all(settings: &Settings, images: &Images, at: Workplace<'_>) -> Result<Vec<Trained>, DemoError> {
    let mut all = Vec::new();
    for &seed in &settings.seeds {
        for entry in LOSSES {
            all.push(train_one(settings, images, (LossChoice::of(entry), seed), at)?);
        }
    }
    Ok(all)
}

fn train_one(
    settings: &Settings,
    images: &Images,
    (loss, seed): (LossChoice, u64),
    at: Workplace<'_>,
) -> Result<Trained, DemoError> {
    let name = format!("demo-{loss}-seed{seed}");
    let shape = (images.training.channels, images.classes);
    let job = Training {
        recipe: recipe(loss, shape, &images.normalisation, (seed, settings.epochs)),
        images: Arc::clone(&images.training),
        outliers: None,
        start: None,
        folder: settings.runs.join(&name),
        resume: settings.resume,
        dump: DumpPlan {
            out: settings.dumps.join(&name),
            replace: true,
            name: name.clone(),
            in_distribution: images.name.clone(),
            note: Some(format!("oodbench demo, {} images, {} epochs", images.training.len(), settings.epochs)),
            sets: images.sets.clone(),
            layers: Vec::new(),
            grams: Vec::new(),
            samples: 0,
            perturbation: None,
            attacks: Vec::new(),
        },
    };
    match job.run(at) {
        Ok(history) => Ok(Trained { dump: job.dump.out, name, seed, history }),
        Err(TrainError::Stopped { epochs }) => Err(DemoError::Stopped { run: name, epochs }),
        Err(error) => Err(error.into()),
    }
}
