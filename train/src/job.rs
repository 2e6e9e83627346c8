//! Whole jobs, from images to a dump: a training with everything it leaves, and an extraction of weights that are there.
//!
//! Commands and the demo say what is to be done; what is done, and in which order, is here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use oodbench::dump::RunInfo;
use oodbench::dump::write::check_roles;
use oodbench::output::write_atomically;
use oodbench::plot::Format;
use oodbench::rows::Role;

use super::attack::Attack;
use super::curves;
use super::data::{Element, ImageSet, Normalisation};
use super::device::Device;
use super::error::TrainError;
use super::extract::{Extraction, Sets, check_layers, extract, gram_bytes};
use super::history::EpochRecord;
use super::model::weights::Weights;
use super::model::{Design, Network};
use super::observer::Observer;
use super::perturb::Perturbation;
use super::recipe::Recipe;
use super::run::{Options, train};

/// Where and how a job works.
#[derive(Clone, Copy)]
pub struct Workplace<'a> {
    /// Where the network lives.
    pub device: &'a Device,
    /// Set from outside to end the job soon.
    pub stop: &'a AtomicBool,
    /// Who watches.
    pub observer: &'a dyn Observer,
}

/// The dump a job leaves.
#[derive(Clone, Debug)]
pub struct DumpPlan {
    /// Its folder.
    pub out: PathBuf,
    /// Whether a folder that is there may be replaced.
    pub replace: bool,
    /// The run's name.
    pub name: String,
    /// The in-distribution set.
    pub in_distribution: String,
    /// Anything worth knowing of it.
    pub note: Option<String>,
    /// The sets and their roles.
    pub sets: Sets,
    /// Inner layers to record; `all` for all of them.
    pub layers: Vec<String>,
    /// Inner layers whose Gram matrices are recorded; `all` for all of them.
    pub grams: Vec<String>,
    /// Passes with dropout, whose logits are recorded as those of an ensemble; 0 for none.
    pub samples: usize,
    /// How images are moved before another look at them.
    pub perturbation: Option<Perturbation>,
    /// Attacks on the images of id/val, each of which makes a set of val_ood.
    pub attacks: Vec<Attack>,
}

impl DumpPlan {
    fn info(&self, design: &Design, seed: Option<u64>) -> RunInfo {
        RunInfo {
            name: self.name.clone(),
            model: Some(design.architecture.to_string()),
            loss: Some(design.loss.in_dumps()),
            in_distribution: Some(self.in_distribution.clone()),
            seed,
            head: None,
            lower: Vec::new(),
            groups: std::collections::BTreeMap::new(),
            members: Vec::new(),
            note: self.note.clone(),
        }
    }

    /// The layers of a network that are to be recorded.
    fn layers_of(&self, network: &Network) -> Result<Vec<String>, TrainError> {
        chosen(&self.layers, network.backbone().layers())
    }

    /// The layers whose Gram matrices are to be recorded.
    fn grams_of(&self, network: &Network) -> Result<Vec<String>, TrainError> {
        let maps = network.backbone().maps();
        match maps.is_empty() && !self.grams.is_empty() {
            true => Err(TrainError::NoMaps { network: network.design().architecture.name() }),
            false => chosen(&self.grams, maps),
        }
    }

    /// Says how much is going to be written: as if every attack fooled the network on every image.
    fn announce(&self, network: &Network, normalisation: &Normalisation, at: Workplace<'_>) -> Result<(), TrainError> {
        let held_out = || self.held_out().map(Arc::clone);
        let attacked = self.attacks.iter().filter_map(|attack| Some((val_ood(*attack), held_out()?)));
        let sets: Sets = self.sets.iter().cloned().chain(attacked).collect();
        match gram_bytes(network, &sets, normalisation, &self.grams_of(network)?)? {
            0 => {}
            bytes => at.observer.grams(bytes),
        }
        Ok(())
    }

    /// Refuses what the dump could not hold, before hours of training.
    fn check_sets(&self) -> Result<(), TrainError> {
        let attacked: Vec<Role> = self.attacks.iter().map(|attack| val_ood(*attack)).collect();
        check_roles(self.sets.iter().map(|(role, _)| role).chain(&attacked))?;
        match (self.attacks.first(), self.held_out()) {
            (Some(attack), None) => Err(TrainError::NothingToAttack { attack: attack.name() }),
            (Some(attack), Some(set)) if set.element != Element::Byte => Err(TrainError::Mismatch {
                set: set.name.clone(),
                found: set.element.input().to_string(),
                expected: format!("images, whose pixels {} changes", attack.name()),
            }),
            _ => Ok(()),
        }
    }

    /// The images of id/val.
    fn held_out(&self) -> Option<&Arc<ImageSet>> {
        self.sets.iter().find(|(role, _)| *role == Role::Val).map(|(_, set)| set)
    }

    /// All sets, those that attacks make among them.
    fn all_sets(
        &self,
        network: &Network,
        normalisation: &Normalisation,
        at: Workplace<'_>,
    ) -> Result<Sets, TrainError> {
        let mut sets = self.sets.clone();
        for attack in &self.attacks {
            let held_out = self.held_out().ok_or(TrainError::NothingToAttack { attack: attack.name() })?;
            let set = attack.on(network, held_out, normalisation, at.stop, at.observer)?;
            sets.push((val_ood(*attack), Arc::new(set)));
        }
        Ok(sets)
    }

    /// Passes with dropout: a network without it would make the same of an image every time.
    fn samples_of(&self, design: &Design) -> Result<usize, TrainError> {
        match self.samples {
            samples if samples == 0 || design.dropout > 0.0 => Ok(samples),
            samples => Err(TrainError::Dropout { samples }),
        }
    }

    fn write(
        &self,
        network: &Network,
        seed: Option<u64>,
        normalisation: &Normalisation,
        at: Workplace<'_>,
    ) -> Result<(), TrainError> {
        // What can be refused at once is, before class means are taken or steps compared.
        let (layers, samples) = (self.layers_of(network)?, self.samples_of(network.design())?);
        let grams = self.grams_of(network)?;
        self.check_sets()?;
        let sets = self.all_sets(network, normalisation, at)?;
        let prepare = |perturbation: &Perturbation| perturbation.prepare(network, (&sets, normalisation, at.stop));
        let moved = self.perturbation.as_ref().map(prepare).transpose()?;
        let extraction = Extraction {
            out: &self.out,
            replace: self.replace,
            run: &self.info(network.design(), seed),
            sets: &sets,
            normalisation,
            layers: &layers,
            grams: &grams,
            samples,
            moved: moved.as_ref(),
            stop: at.stop,
        };
        extract(network, &extraction, at.observer)
    }
}

/// The layers that are wanted of those there are.
fn chosen(wanted: &[String], known: Vec<String>) -> Result<Vec<String>, TrainError> {
    if wanted == ["all"] {
        return Ok(known);
    }
    check_layers(&known, wanted)?;
    Ok(wanted.to_vec())
}

/// A network to be trained and dumped.
#[derive(Clone, Debug)]
pub struct Training {
    /// How it is trained.
    pub recipe: Recipe,
    /// What it is trained on.
    pub images: Arc<ImageSet>,
    /// Images of no class, for losses that learn from them.
    pub outliers: Option<Arc<ImageSet>>,
    /// Weights to start from, as to fine-tune a network; else they are drawn from the seed.
    pub start: Option<Weights>,
    /// Where checkpoint, history, plots and weights go.
    pub folder: PathBuf,
    /// Go on from the folder's checkpoint, if there is one.
    pub resume: bool,
    /// Its dump.
    pub dump: DumpPlan,
}

impl Training {
    /// Trains, draws the curves, writes the dump; gives back the history.
    ///
    /// # Errors
    /// Whatever stops it, [`TrainError::Stopped`] included; finished epochs are kept.
    pub fn run(&self, at: Workplace<'_>) -> Result<Vec<EpochRecord>, TrainError> {
        // Names of sets and layers are wrong before the training, not after it.
        self.dump.check_sets()?;
        self.dump.samples_of(&self.recipe.network)?;
        if !self.dump.layers.is_empty() || !self.dump.grams.is_empty() || self.dump.perturbation.is_some() {
            // Only a network knows its layers.
            let network = Network::new(&self.recipe.network, 0, at.device)?;
            self.dump.layers_of(&network)?;
            self.dump.announce(&network, &self.recipe.normalisation()?, at)?;
            self.dump.perturbation.iter().try_for_each(|own| own.check(&network, &self.dump.sets))?;
        }
        let options = Options {
            name: &self.dump.name,
            outliers: self.outliers.as_ref(),
            start: self.start.as_ref(),
            folder: &self.folder,
            resume: self.resume,
            device: at.device,
            stop: at.stop,
        };
        let outcome = train(&self.recipe, &self.images, options, at.observer)?;
        let epochs = outcome.history.len();
        if outcome.stopped {
            return Err(TrainError::Stopped { epochs });
        }
        draw(&self.folder, &self.dump.name, &outcome.history)?;
        let dumped = self.dump.write(&outcome.network, Some(self.recipe.seed), &self.recipe.normalisation()?, at);
        match dumped {
            Err(TrainError::Stopped { .. }) => Err(TrainError::Stopped { epochs }),
            dumped => dumped.map(|()| outcome.history),
        }
    }
}

/// Where attacked images are.
fn val_ood(attack: Attack) -> Role {
    Role::ValOod { name: attack.name().to_owned() }
}

/// Losses and accuracies of a training as plots in its folder.
fn draw(folder: &Path, name: &str, history: &[EpochRecord]) -> Result<(), TrainError> {
    let runs = [("", history)];
    for (file, plot) in [("loss.png", curves::losses(name, &runs)), ("accuracy.png", curves::accuracies(name, &runs))] {
        let path = folder.join(file);
        let png = plot.render(Format::Png).map_err(std::io::Error::other);
        png.and_then(|png| write_atomically(&path, &png)).map_err(TrainError::io(&path))?;
    }
    Ok(())
}

/// Weights that are there, to be dumped.
#[derive(Clone, Debug)]
pub struct FromWeights {
    /// The weights.
    pub weights: Weights,
    /// The network they are of.
    pub design: Design,
    /// The seed they were trained with, if it is known.
    pub seed: Option<u64>,
    /// The constants they were trained with.
    pub normalisation: Normalisation,
    /// The dump.
    pub dump: DumpPlan,
}

impl FromWeights {
    /// Puts the weights into the network and writes the dump.
    ///
    /// # Errors
    /// Whatever stops it, [`TrainError::Stopped`] included; nothing is left behind then.
    pub fn run(&self, at: Workplace<'_>) -> Result<(), TrainError> {
        let network = Network::new(&self.design, 0, at.device)?;
        self.weights.load(&network).map_err(Box::new)?;
        self.dump.announce(&network, &self.normalisation, at)?;
        self.dump.write(&network, self.seed, &self.normalisation, at)
    }
}
