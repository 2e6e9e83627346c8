//! From a network and sets of images to a dump that scores read.
//!
//! ```text
//! OUT/run.toml
//! OUT/head/{weight,bias}.npy   or   OUT/head/{prototypes[,distance_scale]}.npy
//! OUT/id/{train,val,test}/{logits,features,labels}.npy
//! OUT/val_ood/NAME/...
//! OUT/ood/NAME/...             or   OUT/ood/GROUP/NAME/...
//! ```
//!
//! logits (n, C) and features (n, D) are f32, labels (n) i64 where the set has any; `features@LAYER.npy` (n, channels)
//! holds means over pixels of an inner layer that was asked for. The folder appears under its name when it is
//! complete.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{D, Device, Tensor};
use ndarray::{Array1, Array2};
use ndarray_npy::{WritableElement, WriteNpyExt};
use serde::Serialize;

use super::data::{Batches, ImageSet, Normalisation};
use super::error::TrainError;
use super::evaluate::EVALUATION_BATCH;
use super::input::tensors;
use super::loss::HeadParameters;
use super::model::{Network, Taps};
use super::nn::Mode;

/// Where a set of images goes in a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// What scores are fitted on.
    IdTrain,
    /// Held-out images of the training distribution.
    IdVal,
    /// In-distribution test images.
    IdTest,
    /// Out-of-distribution images that parameters of scores are chosen on.
    ValOod {
        /// Its name.
        name: String,
    },
    /// An out-of-distribution set.
    Ood {
        /// `near`, `far`, ..., if the sets are grouped.
        group: Option<String>,
        /// Its name in tables.
        name: String,
    },
}

impl Place {
    fn folder(&self) -> PathBuf {
        match self {
            Self::IdTrain => PathBuf::from("id/train"),
            Self::IdVal => PathBuf::from("id/val"),
            Self::IdTest => PathBuf::from("id/test"),
            Self::ValOod { name } => Path::new("val_ood").join(name),
            Self::Ood { group: Some(group), name } => Path::new("ood").join(group).join(name),
            Self::Ood { group: None, name } => Path::new("ood").join(name),
        }
    }
}

/// What `run.toml` says of a dump.
#[derive(Clone, Debug, Serialize)]
pub struct RunNote {
    /// The run's name.
    pub name: String,
    /// The in-distribution set.
    pub in_distribution: String,
    /// The seed it was trained with, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What is to be extracted.
#[derive(Clone, Debug)]
pub struct Extraction<'a> {
    /// The dump's folder.
    pub out: &'a Path,
    /// Whether a folder that is there may be replaced.
    pub replace: bool,
    /// What `run.toml` says.
    pub run: RunNote,
    /// The sets and their places.
    pub sets: &'a [(Place, Arc<ImageSet>)],
    /// The constants the network was trained with.
    pub normalisation: &'a Normalisation,
    /// Inner layers to record, of [`Backbone::layers`](super::model::Backbone::layers).
    pub layers: &'a [String],
}

/// Writes the dump. `progress` is called after each batch with its number of images and returns whether to go on. Gives back whether the dump was finished.
///
/// # Errors
/// The folder is there and may not be replaced, a set does not fit the network, a layer is unknown, or a file cannot be
/// written. Nothing is left behind then.
pub fn extract(
    network: &Network,
    device: &Device,
    extraction: &Extraction<'_>,
    progress: &mut dyn FnMut(usize) -> bool,
) -> Result<bool, TrainError> {
    check(network, extraction)?;
    let out = extraction.out;
    let parent = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(TrainError::io(parent))?;
    let work = tempfile::Builder::new().prefix(".oodbench-").tempdir_in(parent).map_err(TrainError::io(parent))?;
    write_run(work.path(), network, &extraction.run)?;
    write_head(&work.path().join("head"), network)?;
    for (place, set) in extraction.sets {
        let folder = work.path().join(place.folder());
        if !write_split(&folder, network, device, set, extraction, progress)? {
            return Ok(false);
        }
    }
    make_readable(work.path()).map_err(TrainError::io(work.path()))?;
    publish(work, out).map(|()| true)
}

fn check(network: &Network, extraction: &Extraction<'_>) -> Result<(), TrainError> {
    if extraction.out.exists() && !extraction.replace {
        return Err(TrainError::Exists { path: extraction.out.to_owned() });
    }
    check_layers(network, extraction.layers)?;
    let channels = network.design().channels;
    match extraction.sets.iter().find(|(_, set)| set.channels != channels) {
        Some((_, set)) => Err(TrainError::Mismatch {
            set: set.name.clone(),
            found: format!("{} channels", set.channels),
            expected: format!("{channels} channels"),
        }),
        None => Ok(()),
    }
}

/// Refuses layers that the network does not have.
///
/// # Errors
/// [`TrainError::Layer`].
pub fn check_layers(network: &Network, layers: &[String]) -> Result<(), TrainError> {
    let known = network.backbone().layers();
    match layers.iter().find(|layer| !known.contains(layer)) {
        Some(layer) => Err(TrainError::Layer { found: layer.clone(), expected: known.join(", ") }),
        None => Ok(()),
    }
}

/// Moves the finished folder to its name; what was there is removed only after that.
fn publish(work: tempfile::TempDir, out: &Path) -> Result<(), TrainError> {
    let old = match out.exists() {
        true => {
            let parent = work.path().parent().unwrap_or(Path::new("."));
            let aside =
                tempfile::Builder::new().prefix(".oodbench-old-").tempdir_in(parent).map_err(TrainError::io(parent))?;
            fs::rename(out, aside.path().join("old")).map_err(TrainError::io(out))?;
            Some(aside)
        }
        false => None,
    };
    fs::rename(work.path(), out).map_err(TrainError::io(out))?;
    // Its folder has another name now, so there is nothing for it to remove.
    let _ = work.keep();
    drop(old);
    Ok(())
}

#[derive(Serialize)]
struct RunFile<'a> {
    #[serde(flatten)]
    note: &'a RunNote,
    model: &'a str,
    loss: &'a str,
    head: &'a str,
}

fn write_run(folder: &Path, network: &Network, note: &RunNote) -> Result<(), TrainError> {
    let file = folder.join("run.toml");
    let design = network.design();
    let head = match network.head().parameters() {
        HeadParameters::Linear { .. } => "linear",
        HeadParameters::Prototypes { .. } => "prototypes",
    };
    let run = RunFile { note, model: design.architecture.name(), loss: design.loss.name(), head };
    let text = toml::to_string(&run).map_err(|error| TrainError::io(&file)(std::io::Error::other(error)))?;
    fs::write(&file, text).map_err(TrainError::io(&file))
}

fn write_head(folder: &Path, network: &Network) -> Result<(), TrainError> {
    fs::create_dir_all(folder).map_err(TrainError::io(folder))?;
    match network.head().parameters() {
        HeadParameters::Linear { weight, bias } => {
            write_matrix(&folder.join("weight.npy"), weight.dims2()?, values(&weight)?)?;
            write_vector(&folder.join("bias.npy"), values(&bias)?)
        }
        HeadParameters::Prototypes { prototypes, distance_scale } => {
            write_matrix(&folder.join("prototypes.npy"), prototypes.dims2()?, values(&prototypes)?)?;
            match distance_scale {
                Some(scale) => write_vector(&folder.join("distance_scale.npy"), values(&scale)?),
                None => Ok(()),
            }
        }
    }
}

/// Rows gathered over batches.
#[derive(Default)]
struct Rows {
    values: Vec<f32>,
    columns: usize,
}

impl Rows {
    fn push(&mut self, rows: &Tensor) -> Result<(), TrainError> {
        self.columns = rows.dim(D::Minus1)?;
        self.values.extend(values(rows)?);
        Ok(())
    }

    fn write(self, file: &Path) -> Result<(), TrainError> {
        write_matrix(file, (self.values.len() / self.columns.max(1), self.columns), self.values)
    }
}

fn write_split(
    folder: &Path,
    network: &Network,
    device: &Device,
    set: &Arc<ImageSet>,
    extraction: &Extraction<'_>,
    progress: &mut dyn FnMut(usize) -> bool,
) -> Result<bool, TrainError> {
    let (mut logits, mut features) = (Rows::default(), Rows::default());
    let mut layers: Vec<(String, Rows)> = Vec::new();
    for batch in Batches::evaluation(set, extraction.normalisation, EVALUATION_BATCH)? {
        let images_in_batch = batch.shape[0];
        let (images, _) = tensors(batch, device)?;
        let mut taps = Taps::of(extraction.layers);
        let batch_features = network.backbone().forward(&images, Mode::Eval, &mut taps)?.detach();
        logits.push(&network.head().logits(&batch_features)?)?;
        features.push(&batch_features)?;
        for (layer, rows) in taps.into_recorded() {
            match layers.iter_mut().find(|(name, _)| *name == layer) {
                Some((_, gathered)) => gathered.push(&rows)?,
                None => {
                    let mut gathered = Rows::default();
                    gathered.push(&rows)?;
                    layers.push((layer, gathered));
                }
            }
        }
        if !progress(images_in_batch) {
            return Ok(false);
        }
    }
    fs::create_dir_all(folder).map_err(TrainError::io(folder))?;
    logits.write(&folder.join("logits.npy"))?;
    features.write(&folder.join("features.npy"))?;
    for (layer, rows) in layers {
        rows.write(&folder.join(format!("features@{layer}.npy")))?;
    }
    if let Some(labels) = &set.labels {
        let labels: Vec<i64> = labels.iter().copied().map(i64::from).collect();
        write_vector(&folder.join("labels.npy"), labels)?;
    }
    Ok(true)
}

fn values(tensor: &Tensor) -> Result<Vec<f32>, TrainError> {
    Ok(tensor.detach().flatten_all()?.to_device(&Device::Cpu)?.to_vec1()?)
}

fn write_matrix(file: &Path, shape: (usize, usize), values: Vec<f32>) -> Result<(), TrainError> {
    let array = Array2::from_shape_vec(shape, values).map_err(|error| npy_error(file, error))?;
    let out = fs::File::create(file).map_err(TrainError::io(file))?;
    array.write_npy(std::io::BufWriter::new(out)).map_err(|error| npy_error(file, error))
}

fn write_vector<T: WritableElement>(file: &Path, values: Vec<T>) -> Result<(), TrainError> {
    let out = fs::File::create(file).map_err(TrainError::io(file))?;
    Array1::from(values).write_npy(std::io::BufWriter::new(out)).map_err(|error| npy_error(file, error))
}

fn npy_error(file: &Path, error: impl std::error::Error + Send + Sync + 'static) -> TrainError {
    TrainError::io(file)(std::io::Error::other(error))
}

/// Temporary folders are private to their owner; a finished dump is as readable as any other folder.
#[cfg(unix)]
fn make_readable(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}
