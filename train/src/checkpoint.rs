//! What a run needs to go on where it stopped, in one safetensors file written whole at the end of each epoch.
//!
//! | content | where |
//! |---|---|
//! | weights and running moments | tensors `network.NAME` |
//! | momentum | tensors `momentum.NAME` |
//! | recipe, checksum of the training data, history | metadata, as JSON |
//!
//! Order, crops and flips of an epoch are drawn from (seed, number of the epoch) alone, so the seed in the recipe and the
//! length of the history are the whole state of the random numbers. On a CPU a resumed run is equal, bit by bit, to
//! one that was never stopped.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::history::EpochRecord;
use super::model::Network;
use super::nn::LoadError;
use super::optim::Sgd;
use super::recipe::Recipe;
use oodbench::error::FileError;
use oodbench::output::AtomicFile;

const NETWORK: &str = "network.";
const MOMENTUM: &str = "momentum.";
/// The key of the one entry of metadata.
const STATE: &str = "oodbench";

/// The part of a checkpoint that is no tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// How the run trains.
    pub recipe: Recipe,
    /// [`ImageSet::checksum`](super::data::ImageSet::checksum) of its training data.
    pub data: String,
    /// The epochs it has behind it.
    pub history: Vec<EpochRecord>,
}

/// Why a checkpoint was refused.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum CheckpointError {
    /// The file cannot be written or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is no checkpoint.
    #[error("{}: found {found}, expected a checkpoint of this program; start the run anew", file.display())]
    Malformed {
        file: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// The checkpoint belongs to another run.
    #[error("{}: found another {what} than this run's; resume with the same one, or start the run anew", file.display())]
    OtherRun { file: PathBuf, what: &'static str },
    /// The tensors do not fit the network.
    #[error("{}: {source}", file.display())]
    Fit { file: PathBuf, source: LoadError },
    /// candle could not copy a tensor.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// Writes a checkpoint in place of the one before.
///
/// # Errors
/// If the file cannot be written.
pub fn save(file: &Path, network: &Network, sgd: &Sgd, progress: &Progress) -> Result<(), CheckpointError> {
    let mut tensors = BTreeMap::new();
    for (name, tensor) in network.params().named()? {
        tensors.insert(format!("{NETWORK}{name}"), tensor);
    }
    for (name, tensor) in sgd.state() {
        tensors.insert(format!("{MOMENTUM}{name}"), tensor);
    }
    write(file, tensors, to_json(progress))
}

/// Writes the weights alone, by PyTorch's names, with the recipe they come from.
///
/// # Errors
/// If the file cannot be written.
pub fn save_weights(file: &Path, network: &Network, recipe: &Recipe) -> Result<(), CheckpointError> {
    write(file, network.params().named()?, to_json(recipe))
}

/// The recipe in a file of [`save_weights`], if it is one.
///
/// # Errors
/// If the file cannot be read.
pub fn recipe_of_weights(file: &Path) -> Result<Option<Recipe>, CheckpointError> {
    let bytes = std::fs::read(file).map_err(FileError::reading(file))?;
    Ok(state(&bytes).and_then(|json| serde_json::from_str(&json).ok()))
}

/// Puts a checkpoint into `network` and `sgd` and gives back the history. `expected` has the recipe and the data of the
/// run that wants to go on; both must be the checkpoint's.
///
/// # Errors
/// The file cannot be read, is no checkpoint, or belongs to another run.
pub fn load(
    file: &Path,
    network: &Network,
    sgd: &mut Sgd,
    expected: &Progress,
) -> Result<Vec<EpochRecord>, CheckpointError> {
    let malformed = |found: String| CheckpointError::Malformed { file: file.to_owned(), found };
    let other_run = |what| CheckpointError::OtherRun { file: file.to_owned(), what };
    let bytes = std::fs::read(file).map_err(FileError::reading(file))?;
    let json = state(&bytes).ok_or_else(|| malformed("no state of a run".to_owned()))?;
    let progress: Progress = serde_json::from_str(&json).map_err(|error| malformed(error.to_string()))?;
    if progress.recipe != expected.recipe {
        return Err(other_run("recipe"));
    }
    if progress.data != expected.data {
        return Err(other_run("training set"));
    }
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
    let part = |prefix: &str| -> BTreeMap<String, Tensor> {
        tensors
            .iter()
            .filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone())))
            .collect()
    };
    network.params().load(&part(NETWORK)).map_err(|source| CheckpointError::Fit { file: file.to_owned(), source })?;
    match sgd.restore(&part(MOMENTUM))? {
        None => Ok(progress.history),
        Some(name) => Err(malformed(format!("no momentum of {name}"))),
    }
}

fn to_json(state: &impl Serialize) -> Result<String, io::Error> {
    serde_json::to_string(state).map_err(io::Error::other)
}

fn state(bytes: &[u8]) -> Option<String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    metadata.metadata().as_ref()?.get(STATE).cloned()
}

fn write(
    file: &Path,
    tensors: BTreeMap<String, Tensor>,
    state: Result<String, io::Error>,
) -> Result<(), CheckpointError> {
    let contiguous = tensors
        .into_iter()
        .map(|(name, tensor)| Ok((name, tensor.to_device(&Device::Cpu)?.contiguous()?)))
        .collect::<candle_core::Result<Vec<_>>>()?;
    let bytes = state.and_then(|state| {
        let metadata = HashMap::from([(STATE.to_owned(), state)]);
        let views = contiguous.iter().map(|(name, tensor)| (name, tensor));
        safetensors::serialize(views, Some(metadata)).map_err(io::Error::other)
    });
    let written = bytes.and_then(|bytes| {
        let mut out = AtomicFile::create(file)?;
        out.write_all(&bytes)?;
        out.commit()
    });
    Ok(written.map_err(FileError::writing(file))?)
}
