//! Loss and accuracy of a network on images it does not learn from.

use std::sync::Arc;

use super::data::{Batches, ImageSet, Normalisation};
use super::error::TrainError;
use super::input::{Tally, tensors};
use super::model::Network;
use super::nn::Mode;

/// Images per forward pass where no gradient is kept.
pub const EVALUATION_BATCH: usize = 256;

/// Mean training loss and accuracy (between 0 and 1) over a labelled set, in evaluation mode.
///
/// # Errors
/// The set has no labels or does not fit the network.
pub fn evaluate(
    network: &Network,
    set: &Arc<ImageSet>,
    normalisation: &Normalisation,
) -> Result<(f64, f64), TrainError> {
    let mut tally = Tally::default();
    for batch in Batches::evaluation(set, normalisation, EVALUATION_BATCH)? {
        let (images, targets) = tensors(batch, network.device().candle())?;
        let targets = targets.ok_or_else(|| TrainError::Unlabelled { set: set.name.clone() })?;
        let logits = network.logits(&images, Mode::Eval)?.detach();
        let loss = network.head().loss(&logits, &targets, None)?;
        tally.add(&loss, &logits, &targets)?;
    }
    Ok(tally.means()?)
}
