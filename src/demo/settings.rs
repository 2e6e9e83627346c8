//! What a demo trains, on what, and where it all goes.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use candle_core::Device;

use crate::train::data::Normalisation;
use crate::train::loss::LossKind;
use crate::train::model::{Architecture, Design};
use crate::train::recipe::{Crop, Recipe};
use crate::train::schedule::Schedule;

/// What a demo trains, on what, and where it all goes.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// In-distribution images, as [`open`](crate::train::data::open()) understands them.
    pub data: String,
    /// OOD sets, as [`ood::read`](crate::train::data::ood::read) understands them.
    pub ood: Vec<String>,
    /// One network per loss and seed.
    pub seeds: Vec<u64>,
    /// Epochs of each network.
    pub epochs: usize,
    /// Only that many images of each set.
    pub images: Option<usize>,
    /// Where the dumps go, each in a folder of its own.
    pub dumps: PathBuf,
    /// Where checkpoints, histories and weights go, likewise.
    pub runs: PathBuf,
    /// Where the report goes.
    pub report: PathBuf,
    /// Go on from checkpoints that are there, instead of anew.
    pub resume: bool,
    /// Where the networks live.
    pub device: &'a Device,
    /// Set from outside to end the demo soon.
    pub stop: &'a AtomicBool,
    /// The command that asked for it, for the report.
    pub command: String,
}

/// The OOD sets of a demo: all are inside the program.
pub const OOD: [&str; 4] = ["embedded:kmnist", "embedded:mnist", "uniform-noise", "gaussian-noise"];

/// Epochs that fit three networks into five minutes on two cores.
pub const EPOCHS: usize = 6;

/// Epochs on the whole set.
pub const FULL_EPOCHS: usize = 10;

/// The recipe of every network of a demo: the paper's, its schedule shrunk, without crop and flip, which a few epochs are too short for.
#[must_use]
pub fn recipe(
    loss: LossKind,
    (channels, classes): (usize, usize),
    normalisation: &Normalisation,
    (seed, epochs): (u64, usize),
) -> Recipe {
    let design = Design { architecture: Architecture::SmallCnn, loss, channels, classes };
    let mut recipe = Recipe::paper(design, normalisation, seed);
    recipe.schedule = Schedule::scaled(epochs);
    recipe.augmentation = Crop { padding: 0, flip: false };
    recipe
}
