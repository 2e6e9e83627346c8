//! `oodbench extract`: a dump from weights that are there already.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::option::common::Common;
use crate::option::images::ImageOptions;
use crate::option::named;
use crate::screen::interrupt::never_stopped;
use crate::screen::terminal;
use crate::screen::training::Watch;
use oodbench::rows::Role;
use oodbench_train::checkpoint::recipe_of_weights;
use oodbench_train::data::Source;
use oodbench_train::extract::Sets;
use oodbench_train::job::{FromWeights, Workplace};
use oodbench_train::loss::LossChoice;
use oodbench_train::model::weights::Weights;
use oodbench_train::model::{Architecture, Design, NETWORKS};
use oodbench_train::recipe::{HeldOutError, Recipe};

/// Write a dump of a trained network: your weights (safetensors, .pth), your images
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench extract --weights densenet_cifar10.safetensors --model densenet-bc-100 --normalisation lee-densenet \\
      --data cifar10:cifar-10-batches-bin --split test --ood svhn:svhn --out dumps/densenet-cifar10
  oodbench extract --weights runs/first/weights.safetensors --data embedded --ood gaussian-noise --out dumps/first-noise
  oodbench extract --weights runs/first/weights.safetensors --data embedded --split val,test --ood embedded:kmnist --perturb odin \\
      --out dumps/odin       then `oodbench score dumps/odin --score odin`
  oodbench extract --weights runs/dropped/weights.safetensors --data embedded --ood embedded:kmnist --mc-samples 20 --out dumps/mc

Names of tensors are PyTorch's; a head called fc or linear and the module. of DataParallel are understood. Weights that
`oodbench train` wrote know their network, loss and normalisation.")]
pub(crate) struct Command {
    /// A state_dict: .safetensors, .pth or .pt
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    #[command(flatten)]
    images: ImageOptions,
    /// Where the dump goes: dumps/NAME
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The network [default: what the weights say]
    #[arg(long, value_name = "MODEL", value_parser = named::model())]
    model: Option<Architecture>,
    /// The loss it was trained with [default: what the weights say, else softmax]
    #[arg(long, value_name = "LOSS", value_parser = named::loss)]
    loss: Option<LossChoice>,
    /// Splits of the in-distribution data to dump
    #[arg(long = "split", value_enum, value_delimiter = ',', default_value = "train,test")]
    splits: Vec<SplitName>,
    /// Probability that dropout layers drop a value, for --mc-samples [default: what the weights say, else none]
    #[arg(long, value_name = "P")]
    dropout: Option<f64>,
    /// Seed of noise sets
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Replace a dump that is there
    #[arg(long)]
    replace: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SplitName {
    /// id/train, which fitted scores need
    Train,
    /// id/val: the images that the training held out, as the weights say
    Val,
    /// id/test
    Test,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let images = &command.images;
    if command.out.exists() && !command.replace {
        bail!("{}: already exists; --replace replaces it", command.out.display());
    }
    let device = images.device()?;
    let weights = Weights::read(&command.weights)?;
    let recipe = recipe_of_weights(&weights)?;
    let source = images.source()?;
    let sets = command.sets(&source, recipe.as_ref())?;
    let design = command.design(recipe.as_ref(), &sets)?;
    if !(0.0..1.0).contains(&design.dropout) {
        bail!("--dropout: found {}, expected 0 or more and below 1", design.dropout);
    }
    let job = FromWeights {
        weights,
        seed: recipe.as_ref().map(|recipe| recipe.seed),
        normalisation: match (&recipe, images.normalisation) {
            (Some(recipe), None) => recipe.normalisation()?,
            _ => {
                let channels = sets.first().map_or(design.channels, |(_, set)| set.channels);
                images.normalisation(&source, channels)?
            }
        },
        design,
        dump: images.dump(&command.out, command.replace, &source, sets)?,
    };
    job.run(Workplace { device: &device, stop: never_stopped(), observer: &Watch::new(common.quiet) })?;
    if !common.quiet {
        terminal::say(&format!("wrote {0}; `oodbench score {0}` measures it", command.out.display()));
    }
    Ok(())
}

impl Command {
    fn sets(&self, source: &Source, recipe: Option<&Recipe>) -> anyhow::Result<Sets> {
        let mut sets = Sets::new();
        let (with_train, with_val) = (self.splits.contains(&SplitName::Train), self.splits.contains(&SplitName::Val));
        if with_train || with_val {
            let train = source.train().context("id/train cannot be read (--split test leaves it out)")?;
            let mut train = self.images.first(train)?;
            if with_val {
                let held_out = recipe.map_or(Err(HeldOutError::None), |recipe| recipe.hold_out(&train));
                let (rest, val) = held_out.context("--split val")?;
                train = rest;
                sets.push((Role::Val, val.into()));
            }
            if with_train {
                sets.push((Role::Train, train.into()));
            }
        }
        let test = self.images.first(source.test()?)?;
        let ood = self.images.ood(&test, self.seed)?;
        if self.splits.contains(&SplitName::Test) {
            sets.push((Role::Test, test.into()));
        }
        sets.extend(ood);
        Ok(sets)
    }

    /// The network that the weights are for: what they say themselves, or the arguments.
    fn design(&self, recipe: Option<&Recipe>, sets: &Sets) -> anyhow::Result<Design> {
        if let Some(recipe) = recipe {
            let mut design = recipe.network.clone();
            let same = self.model.is_none_or(|model| model == design.architecture)
                && self.loss.as_ref().is_none_or(|loss| *loss == design.loss);
            if !same {
                bail!(
                    "{}: found a {} trained with {}, expected what --model and --loss say; leave them out",
                    self.weights.display(),
                    design.architecture.name(),
                    design.loss
                );
            }
            // Dropout has no weights: it may be turned on after the training, and turned off.
            design.dropout = self.dropout.unwrap_or(design.dropout);
            return Ok(design);
        }
        let Some(architecture) = self.model else {
            let names = NETWORKS.map(|entry| entry.id).join(", ");
            bail!("{}: found no note of the network, expected --model, one of {names}", self.weights.display());
        };
        let (_, set) = sets.first().context("found no set, expected --split or --ood")?;
        let classes = set.classes.with_context(|| format!("{}: found no labels, expected a labelled set", set.name))?;
        let loss = self.loss.clone().unwrap_or_default();
        Ok(Design { architecture, loss, channels: set.inputs(), classes, dropout: self.dropout.unwrap_or(0.0) })
    }
}
