//! The networks of a demo and their dumps.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::error::DemoError;
use super::settings::{Settings, recipe};
use super::watcher::Watcher;
use oodbench_train::data::{ImageSet, Normalisation, ood, open};
use oodbench_train::extract::{Extraction, Place, RunNote, extract};
use oodbench_train::history::EpochRecord;
use oodbench_train::loss::LossKind;
use oodbench_train::model::Network;
use oodbench_train::run::{Options, train};

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
    pub(crate) sets: Vec<(Place, Arc<ImageSet>)>,
}

impl Images {
    /// Reads them all.
    ///
    /// # Errors
    /// A set cannot be read, has no labels to train with, or images of another shape.
    pub(crate) fn read(settings: &Settings<'_>) -> Result<Self, DemoError> {
        let first = |set: ImageSet| match settings.images {
            Some(count) => set.take(count),
            None => Ok(set),
        };
        let source = open::open(&settings.data, None)?;
        let training = Arc::new(first(source.train()?)?);
        let classes = training.classes.filter(|_| training.labels.is_some());
        let classes = classes.ok_or_else(|| DemoError::Unlabelled { set: training.name.clone() })?;
        let mut sets = vec![(Place::IdTrain, Arc::clone(&training)), (Place::IdTest, Arc::new(first(source.test()?)?))];
        for specification in &settings.ood {
            let set = first(ood::read(specification, training.shape(), false, NOISE_SEED)?)?;
            sets.push((Place::Ood { group: None, name: set.name.clone() }, Arc::new(set)));
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
    /// Its loss.
    pub(crate) loss: LossKind,
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
pub(crate) fn train_all(
    settings: &Settings<'_>,
    images: &Images,
    watcher: &dyn Watcher,
) -> Result<Vec<Trained>, DemoError> {
    let mut all = Vec::new();
    for &seed in &settings.seeds {
        for loss in LossKind::ALL {
            let name = format!("demo-{}-seed{seed}", loss.name());
            let run = Trained { dump: settings.dumps.join(&name), name, loss, seed, history: Vec::new() };
            all.push(train_one(settings, images, run, watcher)?);
        }
    }
    Ok(all)
}

fn train_one(
    settings: &Settings<'_>,
    images: &Images,
    mut run: Trained,
    watcher: &dyn Watcher,
) -> Result<Trained, DemoError> {
    let shape = (images.training.channels, images.classes);
    let recipe = recipe(run.loss, shape, &images.normalisation, (run.seed, settings.epochs));
    let folder = settings.runs.join(&run.name);
    let options = Options { folder: &folder, resume: settings.resume, device: settings.device, stop: settings.stop };
    let outcome = train(&recipe, &images.training, options, watcher.training(&run.name).as_mut())?;
    run.history = outcome.history;
    if outcome.stopped || !dump(settings, images, &run, &outcome.network, watcher)? {
        return Err(DemoError::Stopped { epochs: run.history.len(), run: run.name });
    }
    Ok(run)
}

/// Whether the dump was finished.
fn dump(
    settings: &Settings<'_>,
    images: &Images,
    run: &Trained,
    network: &Network,
    watcher: &dyn Watcher,
) -> Result<bool, DemoError> {
    let note = RunNote {
        name: run.name.clone(),
        in_distribution: images.name.clone(),
        seed: Some(run.seed),
        note: Some(format!("oodbench demo, {} images, {} epochs", images.training.len(), settings.epochs)),
    };
    let extraction = Extraction {
        out: &run.dump,
        replace: true,
        run: note,
        sets: &images.sets,
        normalisation: &images.normalisation,
        layers: &[],
    };
    let rows = watcher.rows();
    rows.begin(&format!("extracting {}", run.name), images.sets.iter().map(|(_, set)| set.len()).sum());
    let finished = extract(network, settings.device, &extraction, &mut |images| {
        rows.advance(images);
        !settings.stop.load(Ordering::Relaxed)
    });
    rows.end();
    Ok(finished?)
}
