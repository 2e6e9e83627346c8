//! Which images a command reads, and the dump it makes of them.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use candle_core::Device;
use clap::Args;

use super::{choice, complete};
use crate::screen::progress::Bars;
use oodbench::progress::Progress;
use oodbench_train::data::folder::{Channels, Filter, FolderLabels, FolderOptions, Resize};
use oodbench_train::data::{ImageSet, Normalisation, Published, Source, ood, open};
use oodbench_train::device::{DeviceChoice, allow_tf32};
use oodbench_train::extract::{Extraction, Place, RunNote, check_layers, extract};
use oodbench_train::model::Network;

/// Sets of images with their places in a dump.
pub(crate) type Sets = Vec<(Place, Arc<ImageSet>)>;

/// Options of every command that reads images.
#[derive(Args)]
pub(crate) struct ImageOptions {
    /// In-distribution images: NAME:PATH, NAME where a distribution installs it, PATH, or embedded; `oodbench data` lists names
    #[arg(long, value_name = "DATA", add = complete::image_sets())]
    pub(crate) data: String,
    /// OOD sets, comma-separated: as --data (their test images), or uniform-noise, gaussian-noise; may be repeated
    #[arg(long, value_name = "DATA", value_delimiter = ',', value_parser = choice::name, add = complete::image_sets())]
    ood: Vec<String>,
    /// OOD sets that parameters of scores are chosen on, as --ood; dumped as val_ood/NAME, no figure is made of them
    #[arg(long, value_name = "DATA", value_delimiter = ',', value_parser = choice::name, add = complete::image_sets())]
    val_ood: Vec<String>,
    /// Inner layers to dump as features@LAYER, comma-separated, or all
    #[arg(long, value_name = "LAYERS", value_delimiter = ',', value_parser = choice::name)]
    layers: Vec<String>,
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
        let read = |specification: &String, place: fn(String) -> Place, seed: u64| {
            let set = self.first(ood::read(specification, shape, self.resize.is_some(), seed)?)?;
            Ok((place(set.name.clone()), Arc::new(set)))
        };
        let mut sets = self
            .ood
            .iter()
            .map(|ood| read(ood, |name| Place::Ood { group: None, name }, seed))
            .collect::<anyhow::Result<Sets>>()?;
        for validation in &self.val_ood {
            // Noise to choose on is not the noise that is measured.
            let (place, set) = read(validation, |name| Place::ValOod { name }, seed.wrapping_add(1))?;
            if sets.iter().any(|(_, other)| other.images == set.images) {
                bail!(
                    "--val-ood {validation}: found images that --ood measures, expected others; choose parameters on another set"
                );
            }
            sets.push((place, set));
        }
        Ok(sets)
    }

    /// The inner layers asked for, by name.
    pub(crate) fn layers(&self, network: &Network) -> anyhow::Result<Vec<String>> {
        if self.layers == ["all"] {
            return Ok(network.backbone().layers());
        }
        check_layers(network, &self.layers)?;
        Ok(self.layers.clone())
    }
}

/// The name of a dump's folder, which becomes the run's.
pub(crate) fn run_name(out: &Path) -> anyhow::Result<String> {
    let name = out.file_name().with_context(|| format!("{}: found no name, expected dumps/NAME", out.display()))?;
    Ok(name.to_string_lossy().into_owned())
}

/// Writes a dump with a bar; whether it was finished or stopped.
pub(crate) fn dump(
    (network, device): (&Network, &Device),
    extraction: &Extraction<'_>,
    stop: &AtomicBool,
    bars: &Bars,
) -> anyhow::Result<bool> {
    let rows: usize = extraction.sets.iter().map(|(_, set)| set.len()).sum();
    bars.begin(&format!("extracting {}", extraction.run.name), rows);
    let finished = extract(network, device, extraction, &mut |images| {
        bars.advance(images);
        !stop.load(Ordering::Relaxed)
    });
    bars.end();
    Ok(finished?)
}

/// What `run.toml` says of a dump of these images.
pub(crate) fn note(name: &str, source: &Source, seed: Option<u64>, note: Option<String>) -> RunNote {
    RunNote { name: name.to_owned(), in_distribution: source.name().to_owned(), seed, note }
}
