//! Reading a network's weights from files of others: safetensors, or PyTorch's `.pth` and `.pt` of a
//! `state_dict`.

use super::{HEAD, Network};
use crate::nn::LoadError;
use candle_core::{Device, Tensor};
use oodbench::dump::DumpError;
use oodbench::dump::format;
use oodbench::rows::array::{Memory, StoredArray};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// A file of weights, opened once. The bytes of a `.safetensors` file are held: what is checked is what is loaded, whatever happens to the file meanwhile.
#[derive(Clone)]
pub struct Weights {
    file: PathBuf,
    arrays: Vec<(String, StoredArray)>,
    safetensors: Option<Arc<Vec<u8>>>,
}

impl Weights {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It cannot be read as what its name says.
    pub fn read(file: &Path) -> Result<Self, WeightsError> {
        let ending = file.extension().and_then(|ending| ending.to_str());
        let (arrays, safetensors) = match ending {
            Some("safetensors") => {
                let bytes = Arc::new(format::file::bytes(file)?);
                let memory = Arc::clone(&bytes) as Arc<dyn Memory>;
                (format::safetensors::arrays_in(file, &memory)?, Some(bytes))
            }
            Some("pth" | "pt") => (format::torch::arrays(file)?, None),
            _ => return Err(WeightsError::Format { file: file.to_owned() }),
        };
        Ok(Self { file: file.to_owned(), arrays, safetensors })
    }

    /// Where they come from.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The bytes of a `.safetensors` file, whose header may say more than names and shapes.
    #[must_use]
    pub fn safetensors(&self) -> Option<&[u8]> {
        self.safetensors.as_ref().map(|bytes| bytes.as_slice())
    }

    /// Puts them into `network`. Names are PyTorch's; a head called `fc` or `linear` is taken for ours, and the `module.` of `DataParallel` is dropped.
    ///
    /// # Errors
    ///
    /// The tensors do not fit the network.
    pub fn load(&self, network: &Network) -> Result<(), WeightsError> {
        let fit = |reason| WeightsError::Fit { file: self.file.clone(), reason };
        let tensor = |(name, array): &(String, StoredArray)| {
            let values: Vec<f32> = array.numbers().map(|value| value as f32).collect();
            Ok((our_name(name), Tensor::from_vec(values, array.shape.as_slice(), &Device::Cpu)?))
        };
        let tensors: candle_core::Result<BTreeMap<String, Tensor>> = self.arrays.iter().map(tensor).collect();
        network.params().load(&tensors.map_err(|error| fit(error.into()))?).map_err(fit)
    }
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Weights({}, {} tensors)", self.file.display(), self.arrays.len())
    }
}

fn our_name(name: &str) -> String {
    let name = name.strip_prefix(PARALLEL).unwrap_or(name);
    match name.split_once('.') {
        Some((head, rest)) if OTHER_HEADS.contains(&head) => format!("{HEAD}.{rest}"),
        _ => name.to_owned(),
    }
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
