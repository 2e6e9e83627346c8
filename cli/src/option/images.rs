//! Which images a command reads, and the dump it makes of them.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::choice;
use super::sets::{Pixels, SetOptions, run_name};
use crate::screen::words::counted;
use oodbench::rows::Role;
use oodbench_train::attack::Attack;
use oodbench_train::data::folder::{Channels, Filter, FolderLabels, FolderOptions, Resize};
use oodbench_train::data::{ImageSet, Input, Normalisation, Published, Source, ood, open};
use oodbench_train::device::{Device, DeviceChoice, allow_tf32};
use oodbench_train::extract::Sets;
use oodbench_train::job::DumpPlan;
use oodbench_train::perturb::{Perturbation, godin};

/// Options of every command that reads images.
#[derive(Args)]
pub(crate) struct ImageOptions {
    #[command(flatten)]
    pub(crate) sets: SetOptions,
    /// Inner layers to dump as features@LAYER, comma-separated, or all
    #[arg(long, value_name = "LAYERS", value_delimiter = ',', value_parser = choice::name)]
    pub(crate) layers: Vec<String>,
    /// Inner layers whose Gram matrices to dump as gram@LAYER for the score gram, comma-separated, or all; with held-out rows (--val N)
    #[arg(long, value_name = "LAYERS", value_delimiter = ',', value_parser = choice::name)]
    pub(crate) gram: Vec<String>,
    /// Passes with dropout of each image, dumped as logits@members (MC-dropout); the network needs --dropout
    #[arg(long, value_name = "M")]
    pub(crate) mc_samples: Option<NonZeroUsize>,
    /// Move images a step along a gradient and dump what becomes of them beside the rest
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) perturb: Option<PerturbName>,
    /// Steps of --perturb on the scale 0 to 1, of vectors in the units of their values, comma-separated [default: those of the method's authors]
    #[arg(long, value_name = "STEPS", value_delimiter = ',', requires = "perturb", value_parser = step)]
    epsilon: Vec<f64>,
    /// Temperatures of --perturb odin, comma-separated [default: 1000]
    #[arg(long, value_name = "T", value_delimiter = ',', requires = "perturb", value_parser = temperature)]
    temperature: Vec<f64>,
    /// Published normalisation constants [default: those of the data]: macedo-cifar10, lee-densenet, ..., none
    #[arg(long, value_name = "NAME")]
    pub(crate) normalisation: Option<Published>,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub(crate) device: DeviceChoice,
    /// Let the GPU round the factors of products to TF32, 10 bits of mantissa: faster, less exact; weights, gradients and sums stay f32
    #[arg(long)]
    pub(crate) tf32: bool,
}

/// `--perturb`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PerturbName {
    /// Towards the predicted class; logits@odin_T_STEP for the score odin
    Odin,
    /// Towards a higher score of the loss itself (generalized-odin, scaled-cosine), by the step that is best on id/val; scores@godin_STEP
    Godin,
    /// Towards the nearest class mean, for every layer; scores@mahalanobis_LAYER_STEP
    Mahalanobis,
}

/// What Lee et al. try for ODIN.
const ODIN_STEPS: [f64; 11] = [0.0, 0.0005, 0.001, 0.0014, 0.002, 0.0024, 0.005, 0.01, 0.05, 0.1, 0.2];

/// What Lee et al. try for Mahalanobis.
const MAHALANOBIS_STEPS: [f64; 7] = [0.0, 0.0005, 0.001, 0.0014, 0.002, 0.005, 0.01];

fn step(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|step| (0.0..=1.0).contains(step))
        // −0 is 0, and has to be called so.
        .map(f64::abs)
        .ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

fn temperature(text: &str) -> Result<f64, String> {
    let above_0 = |t: &f64| *t > 0.0 && t.is_finite();
    text.parse().ok().filter(above_0).ok_or_else(|| "expected a number above 0".to_owned())
}

/// Every step and every temperature names an array, and an array is there once.
fn refuse_repeats(option: &str, values: &[f64]) -> anyhow::Result<()> {
    match values.iter().enumerate().find(|(place, value)| values[..*place].contains(value)) {
        Some((_, value)) => bail!("{option}: found {value} twice, expected every value once"),
        None => Ok(()),
    }
}

impl ImageOptions {
    fn perturbation(&self) -> anyhow::Result<Option<Perturbation>> {
        let Some(name) = self.perturb else { return Ok(None) };
        if name != PerturbName::Odin && !self.temperature.is_empty() {
            bail!("--temperature: found another perturbation than odin, expected none; leave it out");
        }
        refuse_repeats("--epsilon", &self.epsilon)?;
        refuse_repeats("--temperature", &self.temperature)?;
        let epsilons = |usual: &[f64]| if self.epsilon.is_empty() { usual.to_vec() } else { self.epsilon.clone() };
        Ok(Some(match name {
            PerturbName::Odin => Perturbation::Odin {
                temperatures: if self.temperature.is_empty() { vec![1000.0] } else { self.temperature.clone() },
                epsilons: epsilons(&ODIN_STEPS),
            },
            PerturbName::Godin => Perturbation::Godin { epsilons: epsilons(&godin::EPSILONS) },
            PerturbName::Mahalanobis => Perturbation::Mahalanobis { epsilons: epsilons(&MAHALANOBIS_STEPS) },
        }))
    }

    pub(crate) fn device(&self) -> anyhow::Result<Device> {
        let device = self.device.open()?;
        if self.tf32 && !device.is_cuda() {
            bail!("--tf32: found device cpu, expected a CUDA device; leave --tf32 out, or take --device cuda:0");
        }
        allow_tf32(self.tf32);
        Ok(device)
    }

    /// The in-distribution set; its folders of images have a subfolder per class.
    pub(crate) fn source(&self) -> anyhow::Result<Source> {
        let resize = self.sets.resize;
        let options = FolderOptions {
            resize: resize.map(|Pixels { height, width }| Resize { height, width, filter: Filter::Bilinear }),
            channels: Channels::Rgb,
            labels: FolderLabels::Subfolders,
        };
        Ok(open::find(&self.sets.data, options)?)
    }

    /// The images that `--images` leaves of a set.
    pub(crate) fn first(&self, set: ImageSet) -> anyhow::Result<ImageSet> {
        match self.sets.images {
            Some(count) => Ok(set.take(count.get())?),
            None => Ok(set),
        }
    }

    /// The constants asked for, else those usual for the set.
    pub(crate) fn normalisation(&self, source: &Source, channels: usize) -> anyhow::Result<Normalisation> {
        Ok(self.normalisation.unwrap_or(source.normalisation()).normalisation(channels)?)
    }

    /// Options that would change nothing of rows that are no images.
    fn refuse_options_of_images(&self, rows: &ImageSet) -> anyhow::Result<()> {
        let input = rows.element.input();
        if input != Input::Images && self.sets.resize.is_some() {
            bail!("--resize: found {input}, expected images; leave it out");
        }
        if input == Input::Sequences && self.normalisation.is_some() {
            bail!("--normalisation: found {input}, expected images or vectors; leave it out");
        }
        Ok(())
    }

    /// All OOD sets, of rows like those of a set.
    pub(crate) fn ood(&self, like: &ImageSet, seed: u64) -> anyhow::Result<Sets> {
        self.refuse_options_of_images(like)?;
        let mut sets = Sets::new();
        for specification in &self.sets.ood {
            let set = self.first(ood::read(specification, like.form(), self.sets.resize.is_some(), seed)?)?;
            sets.push((Role::Ood { group: None, name: set.name.clone() }, Arc::new(set)));
        }
        for validation in self.sets.val_ood.iter().filter(|name| Attack::named(name).is_none()) {
            // Noise to choose on is not the noise that is measured.
            let set = self.beside("--val-ood", validation, like, seed.wrapping_add(1), &sets)?;
            sets.push((Role::ValOod { name: set.name.clone() }, Arc::new(set)));
        }
        Ok(sets)
    }

    /// A set of an option that must not hold the images that others measure.
    pub(crate) fn beside(
        &self,
        option: &str,
        specification: &str,
        like: &ImageSet,
        seed: u64,
        measured: &Sets,
    ) -> anyhow::Result<ImageSet> {
        let set = self.first(ood::read(specification, like.form(), self.sets.resize.is_some(), seed)?)?;
        // The test images of the classes too: nothing that a figure is made of may be learnt from.
        let is_measured = |role: &Role| matches!(role, Role::Test | Role::Csid { .. } | Role::Ood { .. });
        for (role, other) in measured.iter().filter(|(role, other)| is_measured(role) && other.shape() == set.shape()) {
            let seen: HashSet<&[u8]> = other.images.chunks(other.image_bytes()).collect();
            let shared = set.images.chunks(set.image_bytes()).filter(|image| seen.contains(image)).count();
            if shared > 0 {
                bail!(
                    "{option} {specification}: found {} of {role}, which is measured, expected others; take another set",
                    counted(shared, "image")
                );
            }
        }
        Ok(set)
    }

    /// The dump of these sets.
    pub(crate) fn dump(&self, out: &Path, replace: bool, source: &Source, sets: Sets) -> anyhow::Result<DumpPlan> {
        Ok(DumpPlan {
            out: out.to_owned(),
            replace,
            name: run_name(out)?,
            in_distribution: source.name().to_owned(),
            note: None,
            sets,
            layers: self.layers.clone(),
            grams: self.gram.clone(),
            perturbation: self.perturbation()?,
            attacks: self.sets.val_ood.iter().filter_map(|name| Attack::named(name)).collect(),
            samples: self.mc_samples.map_or(0, NonZeroUsize::get),
        })
    }
}
