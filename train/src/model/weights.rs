//! Reading a network's weights from files of others: safetensors, or PyTorch's `.pth` and `.pt` of a
//! `state_dict`.

use super::{HEAD, Network};
use crate::nn::LoadError;
use candle_core::{Device, Tensor};
use oodbench::dump::DumpError;
use oodbench::dump::format::{safetensors, torch};
use oodbench::rows::array::StoredArray;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Names that others give the last layer.
const OTHER_HEADS: [&str; 2] = ["fc", "linear"];

/// What `torch.nn.DataParallel` puts before every name.
const PARALLEL: &str = "module.";

/// Why a weight file was refused.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum WeightsError {
    /// The name does not say which format it is.
    #[error("{}: found no known ending, expected .safetensors, .pth or .pt", file.display())]
    Format { file: PathBuf },
    /// The file cannot be read as what its name says.
    #[error(transparent)]
    Unreadable(#[from] DumpError),
    /// The tensors do not fit the network.
    #[error("{}: {reason}", file.display())]
    Fit {
        file: PathBuf,
        /// What does not fit; no source of this error, since its message is part of this one.
        reason: LoadError,
    },
}

/// Puts the weights of `file` into `network`. Names are PyTorch's; a head called `fc` or `linear`
/// is taken for ours, and the `module.` of `DataParallel` is dropped.
///
/// # Errors
///
/// The file cannot be read, or its tensors do not fit the network.
pub fn load_weights(network: &Network, file: &Path) -> Result<(), WeightsError> {
    let tensors = read(file)?;
    let renamed = tensors.into_iter().map(|(name, tensor)| (our_name(&name), tensor)).collect();
    network.params().load(&renamed).map_err(|reason| WeightsError::Fit { file: file.to_owned(), reason })
}

fn our_name(name: &str) -> String {
    let name = name.strip_prefix(PARALLEL).unwrap_or(name);
    match name.split_once('.') {
        Some((head, rest)) if OTHER_HEADS.contains(&head) => format!("{HEAD}.{rest}"),
        _ => name.to_owned(),
    }
}

fn read(file: &Path) -> Result<BTreeMap<String, Tensor>, WeightsError> {
    let arrays = match file.extension().and_then(|ending| ending.to_str()) {
        Some("safetensors") => safetensors::arrays(file)?,
        Some("pth" | "pt") => torch::arrays(file)?,
        _ => return Err(WeightsError::Format { file: file.to_owned() }),
    };
    let tensor = |(name, array): (String, StoredArray)| {
        let values: Vec<f32> = array.numbers().map(|value| value as f32).collect();
        Ok((name, Tensor::from_vec(values, array.shape.as_slice(), &Device::Cpu)?))
    };
    let tensors: candle_core::Result<_> = arrays.into_iter().map(tensor).collect();
    tensors.map_err(|error| WeightsError::Fit { file: file.to_owned(), reason: error.into() })
}

#[cfg(test)]
mod tests {
    use super::our_name;

    #[test]
    fn names_of_others_become_ours() {
        assert_eq!(our_name("module.fc.weight"), "classifier.weight");
        assert_eq!(our_name("linear.bias"), "classifier.bias");
        assert_eq!(our_name("classifier.prototypes"), "classifier.prototypes");
        assert_eq!(our_name("layer1.0.conv1.weight"), "layer1.0.conv1.weight");
    }
}
