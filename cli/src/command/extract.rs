//! `oodbench extract`: a dump from a network that is there already, its weights or its ONNX model.

mod arguments;
#[cfg(all(feature = "train", feature = "onnx"))]
mod images;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "onnx")]
mod specification;
#[cfg(feature = "train")]
mod weights;

use anyhow::bail;

use crate::option::common::Common;
pub(crate) use arguments::Command;
use arguments::NETWORKS;

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    if command.out.exists() && !command.replace {
        bail!("{}: already exists; --replace replaces it", command.out.display());
    }
    #[cfg(feature = "onnx")]
    if let Some(model) = &command.model_options.onnx {
        return onnx::run(command, model, common);
    }
    #[cfg(feature = "train")]
    if let Some(weights) = &command.weights {
        return weights::run(command, weights, common);
    }
    bail!("found no network, expected one of --{}", NETWORKS.join(", --"))
}
