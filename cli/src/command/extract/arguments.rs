//! What may be typed.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

#[cfg(feature = "train")]
use crate::option::images::ImageOptions;
#[cfg(feature = "onnx")]
use crate::option::model::ModelOptions;
#[cfg(feature = "train")]
use crate::option::named;
#[cfg(not(feature = "train"))]
use crate::option::sets::SetOptions;
#[cfg(feature = "train")]
use oodbench_train::{loss::LossChoice, model::Architecture};

/// Write a dump of a trained network: your weights (safetensors, .pth) or your ONNX model, on your data
#[derive(Args)]
#[command(group(ArgGroup::new("network").required(true).args(NETWORKS.iter().copied())))]
#[command(after_help = after_help())]
pub(crate) struct Command {
    /// A state_dict: .safetensors, .pth or .pt
    #[cfg(feature = "train")]
    #[arg(long, value_name = "FILE")]
    pub(super) weights: Option<PathBuf>,
    /// The network [default: what the weights say]
    #[cfg(feature = "train")]
    #[arg(long, value_name = "MODEL", value_parser = named::model(), requires = "weights")]
    pub(super) model: Option<Architecture>,
    /// The loss it was trained with [default: what the weights say, else softmax]
    #[cfg(feature = "train")]
    #[arg(long, value_name = "LOSS", value_parser = named::loss, requires = "weights")]
    pub(super) loss: Option<LossChoice>,
    /// Probability that dropout layers drop a value, for --mc-samples [default: what the weights say, else none]
    #[cfg(feature = "train")]
    #[arg(long, value_name = "P", requires = "weights")]
    pub(super) dropout: Option<f64>,
    #[cfg(feature = "onnx")]
    #[command(flatten)]
    pub(super) model_options: ModelOptions,
    #[cfg(feature = "train")]
    #[command(flatten)]
    pub(super) images: ImageOptions,
    #[cfg(not(feature = "train"))]
    #[command(flatten)]
    pub(super) sets: SetOptions,
    /// Where the dump goes: dumps/NAME
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Splits of the in-distribution data to dump [default: train,test; with --onnx those that are there]
    #[arg(long = "split", value_enum, value_delimiter = ',')]
    pub(super) splits: Vec<SplitName>,
    /// Seed of noise sets
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub(super) seed: u64,
    /// Replace a dump that is there
    #[arg(long)]
    pub(super) replace: bool,
}

/// What a network may come from.
pub(super) const NETWORKS: &[&str] = &[
    #[cfg(feature = "train")]
    "weights",
    #[cfg(feature = "onnx")]
    "onnx",
];

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SplitName {
    /// id/train, which fitted scores need
    Train,
    /// id/val: the images that the training held out, as the weights say
    #[cfg(feature = "train")]
    Val,
    /// id/test
    Test,
}

const OF_WEIGHTS: &str = "Examples:
  oodbench extract --weights densenet_cifar10.safetensors --model densenet-bc-100 --normalisation lee-densenet \\
      --data cifar10:cifar-10-batches-bin --split test --ood svhn:svhn --out dumps/densenet-cifar10
  oodbench extract --weights runs/first/weights.safetensors --data embedded --ood gaussian-noise --out dumps/first-noise
  oodbench extract --weights runs/first/weights.safetensors --data embedded --split val,test --ood embedded:kmnist --perturb odin \\
      --out dumps/odin       then `oodbench score dumps/odin --score odin`
  oodbench extract --weights runs/dropped/weights.safetensors --data embedded --ood embedded:kmnist --mc-samples 20 --out dumps/mc";

const OF_MODELS: &str = "
  oodbench extract --onnx model.onnx --data npy:digits --ood letters=npy:letters --out dumps/digits
  oodbench extract --onnx resnet.onnx --normalisation imagenet --data photos --ood svhn:svhn --out dumps/photos";

const NAMES: &str = "Names of tensors are PyTorch's; a head called fc or linear and the module. of DataParallel are understood. Weights that
`oodbench train` wrote know their network, loss and normalisation.";

const SOURCES: &str = "
With --onnx, --data and --ood may also be npy:DIR with an array per input, DIR/INPUT.npy, and DIR/labels.npy (it serves every
kind of data); wav:DIR with DIR/CLASS/*.wav and --rate; text:FILE with LABEL, a tab and a sentence a line and --tokenizer.
DIR/train and DIR/test are the splits where they are there, else DIR is the test split. --ood NAME=DATA names a set. All sets are
of one kind, except that npy: also fits beside wav: and text:.
`oodbench inspect MODEL.onnx` shows which tensors are taken as logits and features. Scores that need the gradient of the input,
odin with epsilon above 0, need --weights: an ONNX file has no backward pass.";

/// Examples, and what has to be known of weights and of models.
fn after_help() -> String {
    match cfg!(feature = "onnx") {
        true => format!("{OF_WEIGHTS}{OF_MODELS}\n\n{NAMES}\n{SOURCES}"),
        false => format!("{OF_WEIGHTS}\n\n{NAMES} ONNX models need a program built with the feature onnx."),
    }
}
