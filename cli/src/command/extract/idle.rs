//! Options that would change nothing, since no set is of their kind.

use anyhow::bail;

use super::arguments::Command;
use super::specification::{Kind, Specification, named};
use crate::option::model::ModelOptions;
use crate::option::sets::SetOptions;

/// Refuses options of data that is not there.
pub(super) fn refuse_idle(command: &Command, options: &ModelOptions, sets: &SetOptions) -> anyhow::Result<()> {
    let has_normalisation = has_normalisation(command);
    if has_normalisation && !options.mean.is_empty() {
        bail!("--normalisation: found it beside --mean and --std, expected one of the two; leave one out");
    }
    let mut kinds = Vec::new();
    for text in std::iter::once(&sets.data).chain(&options.val) {
        kinds.push(Specification::of(text).kind());
    }
    for text in sets.ood.iter().chain(&sets.val_ood) {
        kinds.push(Specification::of(named(text)?.1).kind());
    }
    let has = |kind: Option<Kind>| kinds.contains(&kind);
    let (wav, text, images) = (has(Some(Kind::Wav)), has(Some(Kind::Text)), has(None));
    let given = [
        ("--classes", options.classes.is_some(), wav || text || images, "folders of images, wav: or text:"),
        ("--rate", options.rate.is_some(), wav, "wav:"),
        ("--samples", options.samples.is_some(), wav, "wav:"),
        ("--tokenizer", options.tokenizer.is_some(), text, "text:"),
        ("--tokens", options.tokens.is_some(), text, "text:"),
        ("--mean", !options.mean.is_empty(), images, "images"),
        ("--normalisation", has_normalisation, images, "images"),
        ("--layout", options.layout.is_some(), images, "images"),
        ("--resize", sets.resize.is_some(), images, "images"),
    ];
    match given.into_iter().find(|(_, is_given, is_used, _)| *is_given && !is_used) {
        Some((option, .., wanted)) => {
            bail!("{option}: found it with {}, expected {wanted}; leave it out, as it would change nothing", sets.data)
        }
        None => Ok(()),
    }
}

#[cfg(feature = "train")]
fn has_normalisation(command: &Command) -> bool {
    command.images.normalisation.is_some()
}

#[cfg(not(feature = "train"))]
fn has_normalisation(_: &Command) -> bool {
    false
}
