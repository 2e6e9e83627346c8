//! A dump of weights: the trainer has the network.

use std::path::Path;

use anyhow::{Context, bail};

use super::arguments::{Command, SplitName};
use crate::option::common::Common;
use crate::screen::interrupt::never_stopped;
use crate::screen::terminal;
use crate::screen::training::Watch;
use oodbench::rows::Role;
use oodbench_train::checkpoint::recipe_of_weights;
use oodbench_train::data::Source;
use oodbench_train::extract::Sets;
use oodbench_train::job::{FromWeights, Workplace};
use oodbench_train::model::weights::Weights;
use oodbench_train::model::{Design, NETWORKS};
use oodbench_train::recipe::{HeldOutError, Recipe};

/// Runs the command on these weights.
pub(super) fn run(command: &Command, file: &Path, common: &Common) -> anyhow::Result<()> {
    let images = &command.images;
    let device = images.device()?;
    let weights = Weights::read(file)?;
    let recipe = recipe_of_weights(&weights)?;
    let source = images.source()?;
    let sets = command.sets(&source, recipe.as_ref())?;
    let design = command.design(file, recipe.as_ref(), &sets)?;
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
        let usual = [SplitName::Train, SplitName::Test];
        let splits = if self.splits.is_empty() { &usual[..] } else { &self.splits };
        let has = |split: SplitName| splits.contains(&split);
        let mut sets = Sets::new();
        let (with_train, with_val) = (has(SplitName::Train), has(SplitName::Val));
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
        if has(SplitName::Test) {
            sets.push((Role::Test, test.into()));
        }
        sets.extend(ood);
        Ok(sets)
    }

    /// The network that the weights are for: what they say themselves, or the arguments.
    fn design(&self, file: &Path, recipe: Option<&Recipe>, sets: &Sets) -> anyhow::Result<Design> {
        let (model, loss) = (&self.model, &self.loss);
        if let Some(recipe) = recipe {
            let mut design = recipe.network.clone();
            let same = model.is_none_or(|model| model == design.architecture)
                && loss.as_ref().is_none_or(|loss| *loss == design.loss);
            if !same {
                bail!(
                    "{}: found a {} trained with {}, expected what --model and --loss say; leave them out",
                    file.display(),
                    design.architecture.name(),
                    design.loss
                );
            }
            // Dropout has no weights: it may be turned on after the training, and turned off.
            design.dropout = self.dropout.unwrap_or(design.dropout);
            return Ok(design);
        }
        let Some(architecture) = *model else {
            let names = NETWORKS.map(|entry| entry.id).join(", ");
            bail!("{}: found no note of the network, expected --model, one of {names}", file.display());
        };
        let (_, set) = sets.first().context("found no set, expected --split or --ood")?;
        let classes = set.classes.with_context(|| format!("{}: found no labels, expected a labelled set", set.name))?;
        let (loss, dropout) = (loss.clone().unwrap_or_default(), self.dropout.unwrap_or(0.0));
        Ok(Design { architecture, loss, channels: set.inputs(), classes, dropout })
    }
}
