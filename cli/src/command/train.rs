//! `oodbench train`: a classifier from images, and its dump.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum, ValueHint};

use crate::option::common::Common;
use crate::option::images::ImageOptions;
use crate::option::named;
use crate::option::sets::run_name;
use crate::screen::interrupt::{Interrupted, stop_flag};
use crate::screen::terminal;
use crate::screen::training::Watch;
use crate::screen::words::counted;
use oodbench::dump::write::check_out;
use oodbench::rows::Role;
use oodbench_train::data::{Element, ImageSet, Normalisation, Source};
use oodbench_train::error::TrainError;
use oodbench_train::extract::Sets;
use oodbench_train::job::{Training, Workplace};
use oodbench_train::loss::LossChoice;
use oodbench_train::model::weights::Weights;
use oodbench_train::model::{Architecture, Design};
use oodbench_train::recipe::{Crop, Recipe};
use oodbench_train::run::checkpoint_file;
use oodbench_train::schedule::Preset;

/// Train a classifier with IsoMax+, SoftMax or another loss and write a dump that `oodbench score` reads
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Command {
    #[command(flatten)]
    images: ImageOptions,
    /// Where the dump goes: dumps/NAME
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Where checkpoint, history and weights go [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// The network [default: small-cnn; mlp for vectors, transformer for tokens]
    #[arg(long, value_name = "MODEL", value_parser = named::model())]
    model: Option<Architecture>,
    /// The loss; parameters in parentheses, as in 'isomax(entropic_scale=5)'
    #[arg(long, value_name = "LOSS", default_value = "isomax-plus", value_parser = named::loss)]
    loss: LossChoice,
    /// Images of no class, as --ood, for losses that learn from them; other ones than --ood measures
    #[arg(long, value_name = "DATA")]
    outliers: Option<String>,
    /// Start from these weights of the same network (.safetensors, .pth), as to fine-tune it: with a small --lr and few --epochs
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    weights: Option<PathBuf>,
    /// paper, or paper-N for the same schedule shrunk to N epochs; one-cycle-N or cosine-N, which change the rate with every step
    #[arg(long, value_name = "PRESET", default_value = "paper", value_parser = preset)]
    preset: Preset,
    /// Number of epochs, instead of the preset's; its shape stays, milestones keep their shares
    #[arg(long, value_name = "N")]
    epochs: Option<NonZeroUsize>,
    /// Images per step
    #[arg(long, value_name = "N", default_value_t = 64)]
    batch: usize,
    /// The first learning rate, the peak of one-cycle-N [default: the preset's, 0.1]
    #[arg(long, value_name = "RATE")]
    lr: Option<f64>,
    /// Weight decay of every parameter but those that a loss exempts: W of scaled-cosine, h of generalized-odin
    #[arg(long, value_name = "DECAY", default_value_t = 1e-4)]
    weight_decay: f64,
    /// What is done at random to training images [default: crop-flip; none for vectors and tokens]
    #[arg(long, value_enum)]
    augmentation: Option<AugmentationName>,
    /// Probability that dropout layers drop a value, as MC-dropout needs them (`--mc-samples`)
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    dropout: f64,
    /// Seed of weights, held-out images, order, crops, flips, dropout and noise
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Training images held out for validation, dumped as id/val
    #[arg(long, value_name = "N", default_value_t = 0)]
    val: usize,
    /// Go on from the last checkpoint, if there is one
    #[arg(long)]
    resume: bool,
    /// Start anew and replace what is there
    #[arg(long, conflicts_with = "resume")]
    replace: bool,
}

const EXAMPLES: &str = "Examples:
  oodbench train --data embedded --ood embedded:kmnist,uniform-noise --preset paper-6 --augmentation none --out dumps/first
  oodbench train --data fashion-mnist --loss isomax-plus --preset paper-30 --val 5000 --ood embedded:mnist --out dumps/fashion
  oodbench train --data cifar10:cifar-10-batches-bin --model resnet-34 --device cuda:0 --ood svhn:svhn --out dumps/cifar10
  oodbench train --data cifar10:DIR --loss energy-bounded --outliers cifar100:DIR --weights runs/softmax/weights.safetensors \
    --lr 0.001 --epochs 10 --out dumps/fine-tuned  goes on from a trained network
  oodbench train --data cifar10:DIR --model resnet-9 --preset one-cycle-8 --batch 128 --weight-decay 5e-4 --out dumps/short
  oodbench train ... --resume                     goes on after Ctrl-C, a crash, or kill -9

The defaults are the paper's recipe: 300 epochs of SGD with Nesterov momentum 0.9, batches of 64, rate 0.1 divided by 10 after
1/2, 2/3 and 5/6 of the epochs, weight decay 1e-4 on every parameter, crop and flip. For few epochs, one-cycle-N raises the rate
from 1/25 of --lr to --lr in the first 30 % of the steps, then lowers it to 1/250000 of --lr, the momentum going from 0.95 to 0.85
and back (PyTorch's OneCycleLR); cosine-N lowers it from --lr to 0 (CosineAnnealingLR). Nothing is chosen by test accuracy: the
network of the last epoch is dumped (the authors' code keeps the epoch of the best test accuracy).

runs/NAME keeps recipe.toml, history.csv, loss.png, accuracy.png, weights.safetensors (by PyTorch's names) and the checkpoint.";

fn after_help() -> String {
    format!("{EXAMPLES}\n\nLosses, with their parameters:\n{}", named::losses())
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AugmentationName {
    /// Random crop with padding 4, and flip
    CropFlip,
    /// Flip
    Flip,
    /// Nothing
    None,
}

fn preset(name: &str) -> Result<Preset, String> {
    Preset::named(name).ok_or_else(|| "expected paper, or paper-N, one-cycle-N or cosine-N with N epochs".to_owned())
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let images = &command.images;
    let name = run_name(&command.out)?;
    let folder = command.run_dir.clone().unwrap_or_else(|| Path::new("runs").join(&name));
    command.refuse_to_overwrite(&folder)?;
    let device = images.device()?;
    let source = images.source()?;
    let training = Arc::new(images.first(source.train()?)?);
    let sets = command.sets(&source, &training)?;
    let job = Training {
        recipe: command.recipe(&source, &training)?,
        outliers: command.outliers(&training, &sets)?,
        start: command.weights.as_deref().map(Weights::read).transpose()?,
        folder,
        resume: command.resume,
        dump: images.dump(&command.out, command.replace || command.resume, &source, sets)?,
        images: training,
    };
    let at = Workplace { device: &device, stop: stop_flag(), observer: &Watch::new(common.quiet) };
    match job.run(at) {
        Err(TrainError::Stopped { epochs }) => return Err(stopped(epochs, job.recipe.schedule.epochs)),
        outcome => outcome?,
    };
    if !common.quiet {
        terminal::say(&format!("wrote {0}; `oodbench score {0}` measures it", command.out.display()));
    }
    Ok(())
}

impl Command {
    /// Before anything is read: a training that cannot be saved is not worth its hours.
    fn refuse_to_overwrite(&self, folder: &Path) -> anyhow::Result<()> {
        if self.resume || self.replace {
            return Ok(check_out(&self.out, true)?);
        }
        for path in [checkpoint_file(folder), self.out.clone()] {
            if path.exists() {
                bail!(
                    "{}: found an earlier run, expected nothing; --resume goes on with it, --replace starts anew",
                    path.display()
                );
            }
        }
        Ok(())
    }

    fn recipe(&self, source: &Source, training: &ImageSet) -> anyhow::Result<Recipe> {
        let classes = training.classes.with_context(|| {
            format!("{}: found no labels, expected one per image; choose a labelled set", training.name)
        })?;
        let design = Design {
            architecture: self.model.unwrap_or(Architecture::usual(training.element.input())),
            loss: self.loss.clone(),
            channels: training.inputs(),
            classes,
            dropout: self.dropout,
        };
        let normalisation = match (training.element, self.images.normalisation) {
            (Element::Byte, _) | (_, Some(_)) => self.images.normalisation(source, training.channels)?,
            _ => Normalisation::of_rows(training)?,
        };
        let mut recipe = Recipe::paper(design, &normalisation, self.seed);
        let epochs = self.epochs.map_or(self.preset.epochs, NonZeroUsize::get);
        recipe.schedule = Preset { epochs, ..self.preset }.schedule();
        if let Some(rate) = self.lr {
            recipe.schedule.rate = rate;
        }
        (recipe.batch_size, recipe.weight_decay, recipe.held_out) = (self.batch, self.weight_decay, self.val);
        let usual = match training.element {
            Element::Byte => AugmentationName::CropFlip,
            Element::Number | Element::Token { .. } => AugmentationName::None,
        };
        if training.element != Element::Byte && self.augmentation.is_some_and(|own| own != AugmentationName::None) {
            bail!("--augmentation: found crops or flips of {}, expected none; leave it out", training.element.input());
        }
        recipe.augmentation = match self.augmentation.unwrap_or(usual) {
            AugmentationName::CropFlip => recipe.augmentation,
            AugmentationName::Flip => Crop { padding: 0, flip: true },
            AugmentationName::None => Crop { padding: 0, flip: false },
        };
        recipe.check()?;
        Ok(recipe)
    }

    fn outliers(&self, training: &ImageSet, sets: &Sets) -> anyhow::Result<Option<Arc<ImageSet>>> {
        let Some(specification) = &self.outliers else { return Ok(None) };
        let set = self.images.beside("--outliers", specification, training, self.seed.wrapping_add(2), sets)?;
        Ok(Some(set.into()))
    }

    /// Everything the dump will hold, read before the training.
    fn sets(&self, source: &Source, training: &Arc<ImageSet>) -> anyhow::Result<Sets> {
        let mut sets = Sets::new();
        match self.val {
            0 => sets.push((Role::Train, Arc::clone(training))),
            count => {
                let (rest, validation) = training.hold_out(count, self.seed)?;
                sets.push((Role::Train, rest.into()));
                sets.push((Role::Val, validation.into()));
            }
        }
        sets.push((Role::Test, self.images.first(source.test()?)?.into()));
        sets.extend(self.images.ood(training, self.seed)?);
        Ok(sets)
    }
}

/// The last words of a run that Ctrl-C ended.
fn stopped(done: usize, epochs: usize) -> anyhow::Error {
    let kept = match done {
        0 => "no epoch was finished".to_owned(),
        done => format!("{done} of {} {} kept", counted(epochs, "epoch"), if done == 1 { "is" } else { "are" }),
    };
    Interrupted(format!("stopped, {kept}; the same command with --resume goes on")).into()
}
