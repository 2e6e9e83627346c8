//! What a run needs to go on where it stopped, in one safetensors file written whole at the end of each epoch.
//!
//! | content | where |
//! |---|---|
//! | weights and running moments | tensors `network.NAME` |
//! | momentum | tensors `momentum.NAME` |
//! | recipe, checksum of the training data, history | metadata `oodbench`, as JSON |
//! | XXH3 (128 bits) of the whole file, with zeros in its own place | metadata `xxh3` |
//!
//! Order, crops and flips of an epoch are drawn from (seed, number of the epoch) alone, so the seed in the recipe and the
//! length of the history are the whole state of the random numbers. On a CPU a resumed run is equal, bit by bit, to
//! one that was never stopped.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Storage, Tensor};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::history::EpochRecord;
use super::model::Network;
use super::model::weights::Weights;
use super::nn::{LoadError, slice};
use super::optim::Sgd;
use super::recipe::Recipe;
use oodbench::error::FileError;
use oodbench::numeric::checksum::Hasher;
use oodbench::output::AtomicFile;
use oodbench::printable::line;

const NETWORK: &str = "network.";
const MOMENTUM: &str = "momentum.";
/// The key of what is no tensor.
const STATE: &str = "oodbench";
/// The key of the file's checksum.
const CHECKSUM: &str = "xxh3";
/// What stands in the place of the checksum while it is computed.
const NO_CHECKSUM: &str = "00000000000000000000000000000000";

/// The part of a checkpoint that is no tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunState {
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
    #[error("{}: {reason}", file.display())]
    Fit { file: PathBuf, reason: LoadError },
    /// The file is not as it was written.
    #[error("{}: found contents that do not have the file's checksum, expected them as they were written; copy the file again, or start the run anew", file.display())]
    Damaged { file: PathBuf },
    /// A value in a file that training cannot go on from.
    #[error("{}: found NaN or infinite values in {tensor}, expected finite numbers; start the run anew, with a lower learning rate", file.display())]
    NotFinite { file: PathBuf, tensor: String },
    /// A value in memory that training cannot go on from; what is on the disk stays.
    #[error("training diverged in epoch {epoch}: found NaN or infinite values in {tensor}, expected finite numbers; {}; lower the learning rate", kept(file, *epoch))]
    Diverged {
        file: PathBuf,
        /// The epoch that was to be saved, counted from 1.
        epoch: usize,
        tensor: String,
    },
    /// candle could not copy a tensor.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// What is left after an epoch that was not saved.
fn kept(file: &Path, epoch: usize) -> String {
    match epoch.saturating_sub(1) {
        0 => "no epoch of this run was saved".to_owned(),
        before => format!("{} still holds epoch {before}", file.display()),
    }
}

/// Writes a checkpoint in place of the one before.
///
/// # Errors
/// If a value is not finite ([`CheckpointError::Diverged`]; the checkpoint before stays), or the file cannot be written.
pub fn save(file: &Path, network: &Network, sgd: &Sgd, state: &RunState) -> Result<(), CheckpointError> {
    let mut tensors = BTreeMap::new();
    for (name, tensor) in network.params().named()? {
        tensors.insert(format!("{NETWORK}{name}"), tensor);
    }
    for (name, tensor) in sgd.state() {
        tensors.insert(format!("{MOMENTUM}{name}"), tensor);
    }
    let tensors = on_host(tensors)?;
    match not_finite(&tensors)? {
        Some(tensor) => {
            Err(CheckpointError::Diverged { file: file.to_owned(), epoch: state.history.len(), tensor: tensor.clone() })
        }
        None => write(file, &tensors, to_json(state)),
    }
}

/// Writes the weights alone, by PyTorch's names, with the recipe they come from.
///
/// # Errors
/// If the file cannot be written.
pub fn save_weights(file: &Path, network: &Network, recipe: &Recipe) -> Result<(), CheckpointError> {
    write(file, &on_host(network.params().named()?)?, to_json(recipe))
}

/// The recipe in a file of [`save_weights`], if it is one.
///
/// # Errors
/// If the file is not as it was written.
pub fn recipe_of_weights(weights: &Weights) -> Result<Option<Recipe>, CheckpointError> {
    let Some(bytes) = weights.safetensors() else { return Ok(None) };
    if stored_checksum(bytes).is_some_and(|(_, stored, found)| stored != found) {
        return Err(CheckpointError::Damaged { file: weights.file().to_owned() });
    }
    Ok(metadata(bytes, STATE).and_then(|json| serde_json::from_str(&json).ok()))
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
    expected: &RunState,
) -> Result<Vec<EpochRecord>, CheckpointError> {
    let malformed = |found: String| CheckpointError::Malformed { file: file.to_owned(), found };
    let other_run = |what| CheckpointError::OtherRun { file: file.to_owned(), what };
    let bytes = std::fs::read(file).map_err(FileError::reading(file))?;
    let json = metadata(&bytes, STATE).ok_or_else(|| malformed("no state of a run".to_owned()))?;
    match stored_checksum(&bytes) {
        None => return Err(malformed("no checksum".to_owned())),
        Some((_, stored, found)) if stored != found => {
            return Err(CheckpointError::Damaged { file: file.to_owned() });
        }
        Some(_) => {}
    }
    let progress: RunState =
        serde_json::from_str(&json).map_err(|error| malformed(line(&error.to_string()).into_owned()))?;
    // What it was trained on stands beside the recipe, too, and in checkpoints of earlier versions there alone.
    if progress.recipe.without_images() != expected.recipe.without_images() {
        return Err(other_run("recipe"));
    }
    if progress.data != expected.data {
        return Err(other_run("training set"));
    }
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
    if let Some(tensor) = not_finite(&tensors)? {
        return Err(CheckpointError::NotFinite { file: file.to_owned(), tensor: tensor.clone() });
    }
    let part = |prefix: &str| -> BTreeMap<String, Tensor> {
        tensors
            .iter()
            .filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone())))
            .collect()
    };
    network.params().load(&part(NETWORK)).map_err(|reason| CheckpointError::Fit { file: file.to_owned(), reason })?;
    match sgd.restore(&part(MOMENTUM))? {
        None => Ok(progress.history),
        Some(name) => Err(malformed(format!("no momentum of {name}"))),
    }
}

fn to_json(state: &impl Serialize) -> Result<String, io::Error> {
    serde_json::to_string(state).map_err(io::Error::other)
}

fn metadata(bytes: &[u8], key: &str) -> Option<String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    metadata.metadata().as_ref()?.get(key).cloned()
}

/// Where the checksum stands in the file, the one that stands there, and the one that the file has.
fn stored_checksum(bytes: &[u8]) -> Option<(Range<usize>, String, String)> {
    let stored = metadata(bytes, CHECKSUM)?;
    let entry = format!("\"{CHECKSUM}\":\"{stored}\"");
    let end = bytes.windows(entry.len()).position(|window| window == entry.as_bytes())? + entry.len() - 1;
    let place = end - stored.len()..end;
    let mut hasher = Hasher::new();
    for part in [&bytes[..place.start], NO_CHECKSUM.as_bytes(), &bytes[place.end..]] {
        hasher.bytes(part);
    }
    Some((place, stored, hasher.finish().to_string()))
}

/// Copies of tensors where they can be read as slices; those that are there already are not copied.
fn on_host(tensors: BTreeMap<String, Tensor>) -> candle_core::Result<BTreeMap<String, Tensor>> {
    let tensors = tensors.into_iter();
    tensors.map(|(name, tensor)| Ok((name, tensor.to_device(&Device::Cpu)?.contiguous()?))).collect()
}

/// The name of a tensor with a value that is not finite, of tensors on the host.
fn not_finite<'t>(
    tensors: impl IntoIterator<Item = (&'t String, &'t Tensor)>,
) -> candle_core::Result<Option<&'t String>> {
    for (name, tensor) in tensors {
        // Types other than f32 are refused where the tensors are put into the network.
        if tensor.dtype() != DType::F32 {
            continue;
        }
        let (storage, layout) = tensor.storage_and_layout();
        if let Storage::Cpu(storage) = &*storage
            && !slice(storage, layout)?.iter().all(|value| value.is_finite())
        {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Writes tensors on the host.
fn write(
    file: &Path,
    tensors: &BTreeMap<String, Tensor>,
    state: Result<String, io::Error>,
) -> Result<(), CheckpointError> {
    let bytes = state.and_then(|state| {
        let metadata = HashMap::from([(STATE.to_owned(), state), (CHECKSUM.to_owned(), NO_CHECKSUM.to_owned())]);
        let mut bytes = safetensors::serialize(tensors, Some(metadata)).map_err(io::Error::other)?;
        if let Some((place, _, checksum)) = stored_checksum(&bytes) {
            bytes[place].copy_from_slice(checksum.as_bytes());
        }
        Ok(bytes)
    });
    let written = bytes.and_then(|bytes| {
        let mut out = AtomicFile::create(file)?;
        out.write_all(&bytes)?;
        out.commit()
    });
    Ok(written.map_err(FileError::writing(file))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Normalisation;
    use crate::loss::LossChoice;
    use crate::model::{Architecture, Design, small_cnn};

    /// A network, its optimiser with that momentum in every place, and the state after `epochs`.
    fn run(momentum: f32, epochs: usize) -> (Network, Sgd, RunState) {
        let architecture = Architecture::of(&small_cnn::ENTRY);
        let design = Design { architecture, loss: LossChoice::default(), channels: 1, classes: 2, dropout: 0.0 };
        let network = Network::new(&design, 1, &crate::device::Device::cpu()).unwrap();
        let mut sgd = Sgd::new(network.params(), 0.9, 0.0).unwrap();
        let full = |(name, v): (String, Tensor)| (name, v.ones_like().unwrap().affine(momentum.into(), 0.0).unwrap());
        let filled: BTreeMap<String, Tensor> = sgd.state().into_iter().map(full).collect();
        assert_eq!(sgd.restore(&filled).unwrap(), None);
        let normalisation = Normalisation::new(vec![0.5], vec![0.25]).unwrap();
        let record = EpochRecord {
            epoch: 1,
            rate: 0.1,
            train_loss: 1.0,
            train_accuracy: 0.5,
            validation_loss: None,
            validation_accuracy: None,
            seconds: 1.0,
            images_per_second: 1.0,
        };
        let recipe = Recipe::paper(design, &normalisation, 1);
        (network, sgd, RunState { recipe, data: "data".to_owned(), history: vec![record; epochs] })
    }

    /// Weights may still be finite in the epoch in which the momentum no longer is.
    #[test]
    fn momentum_that_is_not_finite_is_not_saved() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("checkpoint.safetensors");
        for (bad, first) in [(f32::NAN, true), (f32::INFINITY, false)] {
            let (network, sgd, state) = run(bad, 1);
            let message = save(&file, &network, &sgd, &state).unwrap_err().to_string();
            let expected = "training diverged in epoch 1: found NaN or infinite values in momentum.bn1.bias, expected finite numbers; no epoch of this run \
                            was saved; lower the learning rate";
            assert_eq!(message, expected);
            assert_eq!(file.exists(), !first);
            let (network, good, state) = run(0.5, 1);
            save(&file, &network, &good, &state).unwrap();
            let before = std::fs::read(&file).unwrap();
            let (network, sgd, state) = run(bad, 2);
            let message = save(&file, &network, &sgd, &state).unwrap_err().to_string();
            assert!(message.contains(&format!("; {} still holds epoch 1; ", file.display())), "{message}");
            assert_eq!(std::fs::read(&file).unwrap(), before);
        }
    }

    /// The file is as it was written, checksum and all; only what is in it cannot be gone on from.
    #[test]
    fn momentum_that_is_not_finite_is_not_gone_on_from() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("checkpoint.safetensors");
        let (network, mut sgd, state) = run(f32::NAN, 1);
        let mut tensors = BTreeMap::new();
        for (prefix, part) in [(NETWORK, network.params().named().unwrap()), (MOMENTUM, sgd.state())] {
            tensors.extend(part.into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor)));
        }
        write(&file, &on_host(tensors).unwrap(), to_json(&state)).unwrap();
        let error = load(&file, &network, &mut sgd, &state).unwrap_err();
        assert!(matches!(&error, CheckpointError::NotFinite { tensor, .. } if tensor.starts_with(MOMENTUM)), "{error}");
        assert!(error.to_string().starts_with(&format!("{}: found NaN", file.display())), "{error}");
    }
}
