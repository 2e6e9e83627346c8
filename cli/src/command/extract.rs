//! `oodbench extract`: a dump from a network that is there already, its weights or its ONNX model.

mod arguments;
#[cfg(feature = "onnx")]
mod beside;
#[cfg(feature = "onnx")]
mod held_out;
#[cfg(feature = "onnx")]
mod idle;
#[cfg(all(feature = "train", feature = "onnx"))]
mod images;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "onnx")]
mod specification;
#[cfg(feature = "train")]
mod weights;

use std::path::Path;

use anyhow::bail;

use crate::option::common::Common;
use crate::option::places::refuse_to_replace;
use crate::option::sets::SetOptions;
pub(crate) use arguments::Command;
use arguments::NETWORKS;
use oodbench::dump::write::check_out;

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    if command.out.exists() && !command.replace {
        bail!("{}: already exists; --replace replaces it", command.out.display());
    }
    // Before rows are read and run.
    check_out(&command.out, command.replace)?;
    refuse_to_replace(&command.out, command.sources())?;
    #[cfg(feature = "onnx")]
    if let Some(model) = &command.model_options.onnx {
        return onnx::run(command, model, common);
    }
    #[cfg(feature = "onnx")]
    if let Some(option) = command.model_options.tensors.given() {
        bail!("{option}: found it with --weights, expected --onnx; leave it out, as it would change nothing");
    }
    #[cfg(feature = "train")]
    if let Some(weights) = &command.weights {
        return weights::run(command, weights, common);
    }
    bail!("found no network, expected one of --{}", NETWORKS.join(", --"))
}

impl Command {
    fn set_options(&self) -> &SetOptions {
        #[cfg(feature = "train")]
        return &self.images.sets;
        #[cfg(not(feature = "train"))]
        return &self.sets;
    }

    /// All that is read.
    fn sources(&self) -> Vec<&Path> {
        let sets = self.set_options();
        let texts = std::iter::once(&sets.data).chain(&sets.ood).chain(&sets.val_ood);
        let mut sources: Vec<&Path> = texts.map(Path::new).collect();
        #[cfg(feature = "train")]
        sources.extend(self.weights.as_deref());
        #[cfg(feature = "onnx")]
        {
            let options = &self.model_options;
            sources.extend(options.onnx.as_deref());
            sources.extend(options.val.as_deref().map(Path::new));
            sources.extend(options.tokenizer.as_deref());
            sources.extend(options.classes.as_deref());
        }
        sources
    }
}
