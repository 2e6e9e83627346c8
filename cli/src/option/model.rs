//! How an ONNX model is run and what it is fed.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::choice;

/// Options of a network that comes as an ONNX model.
#[derive(Args)]
pub(crate) struct ModelOptions {
    /// A model of any framework
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) onnx: Option<PathBuf>,
    /// A set to dump as id/val, as --data
    #[arg(long, value_name = "DATA", requires = "onnx")]
    pub(crate) val: Option<String>,
    #[command(flatten)]
    pub(crate) tensors: TensorOptions,
    /// What runs the model [default: rten]
    #[arg(long, value_enum, value_name = "RUNTIME", requires = "onnx")]
    pub(crate) runtime: Option<RuntimeName>,
    /// Rows run at once [default: the model's, else 32]; keep it where dumps are compared, since last bits depend on it
    #[arg(long, value_name = "N", requires = "onnx")]
    pub(crate) batch: Option<NonZeroUsize>,
    /// Means of the channels on the scale 0 to 1, comma-separated, instead of --normalisation
    #[arg(long, value_name = "MEANS", value_delimiter = ',', requires_all = ["onnx", "std"])]
    pub(crate) mean: Vec<f32>,
    /// Standard deviations of the channels, comma-separated
    #[arg(long, value_name = "STDS", value_delimiter = ',', requires = "mean")]
    pub(crate) std: Vec<f32>,
    /// Where the channels are [default: where the model has 1 or 3]
    #[arg(long, value_enum, requires = "onnx")]
    pub(crate) layout: Option<LayoutName>,
    /// Samples a second of the recordings that the network was trained with
    #[arg(long, value_name = "N", requires = "onnx")]
    pub(crate) rate: Option<NonZeroU32>,
    /// Samples of a row, where the model takes any number
    #[arg(long, value_name = "N", requires = "onnx")]
    pub(crate) samples: Option<NonZeroUsize>,
    /// The network's tokenizer.json
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "onnx")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// Most tokens of a row, where the model takes any number
    #[arg(long, value_name = "N", requires = "onnx")]
    pub(crate) tokens: Option<NonZeroUsize>,
    /// Names of the classes (folders of images or recordings, labels of sentences) in the network's order, a line each [default: sorted]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "onnx")]
    pub(crate) classes: Option<PathBuf>,
}

/// What runs a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeName {
    /// Pure Rust, in this program
    #[default]
    Rten,
    /// The library that the variable ORT_DYLIB_PATH names, in a program built with the feature onnxruntime
    Onnxruntime,
}

impl RuntimeName {
    /// Refuses one that this program was built without.
    pub(crate) fn check(self) -> anyhow::Result<()> {
        #[cfg(not(feature = "onnxruntime"))]
        if self == Self::Onnxruntime {
            anyhow::bail!(
                "--runtime onnxruntime: found a program without it, expected one built with the feature onnxruntime; leave it out"
            );
        }
        Ok(())
    }
}

/// Which tensors of an ONNX model are taken.
#[derive(Args)]
pub(crate) struct TensorOptions {
    /// The output of an ONNX model to look for logits from [default: the first]
    #[arg(long, value_name = "TENSOR")]
    pub(crate) output: Option<String>,
    /// The tensor of the logits [default: what comes before the softmax of the output, else the output]
    #[arg(long, value_name = "TENSOR")]
    pub(crate) logits: Option<String>,
    /// The tensor of the features; further ones become features@TENSOR [default: what the last linear layer takes]
    #[arg(long, value_name = "TENSORS", value_delimiter = ',', value_parser = choice::name)]
    pub(crate) features: Vec<String>,
}

impl TensorOptions {
    /// The first that is given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let output = self.output.as_ref().map(|_| "--output");
        output.or(self.logits.as_ref().map(|_| "--logits")).or(self.features.first().map(|_| "--features"))
    }
}

/// Where the channels of an image are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutName {
    /// Channels, rows, columns: PyTorch
    Nchw,
    /// Rows, columns, channels: TensorFlow
    Nhwc,
}
