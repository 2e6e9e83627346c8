//! Which images a command reads, and the dump it makes of them.

use std::collections::HashSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;

use super::{choice, complete};
use crate::screen::words::counted;
use oodbench::rows::Role;
use oodbench_train::data::folder::{Channels, Filter, FolderLabels, FolderOptions, Resize};
use oodbench_train::data::{ImageSet, Normalisation, Published, Source, ood, open};
use oodbench_train::device::{Device, DeviceChoice, allow_tf32};
use oodbench_train::extract::Sets;
use oodbench_train::job::DumpPlan;

/// Options of every command that reads images.
#[derive(Args)]
pub(crate) struct ImageOptions {
    /// In-distribution images: NAME:PATH, NAME where a distribution installs it, PATH, or embedded; `oodbench data` lists names
    #[arg(long, value_name = "DATA", add = complete::image_sets())]
    pub(crate) data: String,
    /// OOD sets, comma-separated: as --data (their test images), or uniform-noise, gaussian-noise; may be repeated
    #[arg(long, value_name = "DATA", value_delimiter = ',', value_parser = choice::name, add = complete::image_sets())]
    ood: Vec<String>,
    /// OOD sets that parameters of scores are chosen on, as --ood; dumped as val_ood/NAME, no value is computed on them
    #[arg(long, value_name = "DATA", value_delimiter = ',', value_parser = choice::name, add = complete::image_sets())]
    val_ood: Vec<String>,
    /// Inner layers to dump as features@LAYER, comma-separated, or all
    #[arg(long, value_name = "LAYERS", value_delimiter = ',', value_parser = choice::name)]
    layers: Vec<String>,
    /// Passes with dropout of each image, dumped as logits@members (MC-dropout); the network needs --dropout
    #[arg(long, value_name = "M")]
    mc_samples: Option<NonZeroUsize>,
    /// Only the first N images of each set
    #[arg(long, value_name = "N")]
    images: Option<NonZeroUsize>,
    /// Bring folders of images to N x N pixels (bilinear)
    #[arg(long, value_name = "N")]
    resize: Option<NonZeroU32>,
    /// Published normalisation constants [default: those of the data]: macedo-cifar10, lee-densenet, ..., none
    #[arg(long, value_name = "NAME")]
    pub(crate) normalisation: Option<Published>,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, value_name = "DEVICE", default_value_t)]
    device: DeviceChoice,
    /// Let the GPU round the factors of products to TF32, 10 bits of mantissa: faster, less exact
    #[arg(long)]
    tf32: bool,
}

impl ImageOptions {
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
        let resize = self.resize.map(NonZeroU32::get);
        let options = FolderOptions {
            resize: resize.map(|side| Resize { height: side, width: side, filter: Filter::Bilinear }),
            channels: Channels::Rgb,
            labels: FolderLabels::Subfolders,
        };
        Ok(open::find(&self.data, options)?)
    }

    /// The images that `--images` leaves of a set.
    pub(crate) fn first(&self, set: ImageSet) -> anyhow::Result<ImageSet> {
        match self.images {
            Some(count) => Ok(set.take(count.get())?),
            None => Ok(set),
        }
    }

    /// The constants asked for, else those usual for the set.
    pub(crate) fn normalisation(&self, source: &Source, channels: usize) -> anyhow::Result<Normalisation> {
        Ok(self.normalisation.unwrap_or(source.normalisation()).normalisation(channels)?)
    }

    /// All OOD sets, for images of that shape.
    pub(crate) fn ood(&self, shape: [usize; 3], seed: u64) -> anyhow::Result<Sets> {
        let mut sets = Sets::new();
        for specification in &self.ood {
            let set = self.first(ood::read(specification, shape, self.resize.is_some(), seed)?)?;
            sets.push((Role::Ood { group: None, name: set.name.clone() }, Arc::new(set)));
        }
        for validation in &self.val_ood {
            // Noise to choose on is not the noise that is measured.
            let set = self.beside("--val-ood", validation, shape, seed.wrapping_add(1), &sets)?;
            sets.push((Role::ValOod { name: set.name.clone() }, Arc::new(set)));
        }
        Ok(sets)
    }

    /// A set of an option that must not hold the images that others measure.
    pub(crate) fn beside(
        &self,
        option: &str,
        specification: &str,
        shape: [usize; 3],
        seed: u64,
        measured: &Sets,
    ) -> anyhow::Result<ImageSet> {
        let set = self.first(ood::read(specification, shape, self.resize.is_some(), seed)?)?;
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
            samples: self.mc_samples.map_or(0, NonZeroUsize::get),
        })
    }
}

/// The name of a dump's folder, which becomes the run's.
pub(crate) fn run_name(out: &Path) -> anyhow::Result<String> {
    let name = out.file_name().with_context(|| format!("{}: found no name, expected dumps/NAME", out.display()))?;
    Ok(name.to_string_lossy().into_owned())
}
