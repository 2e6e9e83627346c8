//! A batch of the data pipeline as tensors on a device.

use candle_core::{Device, Result, Tensor};

use super::data::Batch;

/// Images (n, c, h, w) f32 and, where the set has labels, targets (n) u32.
///
/// # Errors
/// The device has no room for them.
pub(super) fn tensors(batch: Batch, device: &Device) -> Result<(Tensor, Option<Tensor>)> {
    let [n, ..] = batch.shape;
    let images = Tensor::from_vec(batch.images, batch.shape.as_slice(), device)?;
    let targets = batch.labels.map(|labels| Tensor::from_vec(labels, n, device)).transpose()?;
    Ok((images, targets))
}

/// Means over images of loss and of correct answers, summed on the device and fetched when asked for, so that a GPU
/// need not wait at every step.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pending: Option<(Tensor, Tensor)>,
    loss: f64,
    correct: f64,
    images: usize,
}

impl Tally {
    /// Adds a batch: its mean loss, logits (n, C) and targets (n).
    ///
    /// # Errors
    /// The shapes do not fit.
    pub(super) fn add(&mut self, loss: &Tensor, logits: &Tensor, targets: &Tensor) -> Result<()> {
        let n = targets.dim(0)?;
        let loss = (loss.detach() * n as f64)?;
        let right = logits.detach().argmax(1)?.eq(targets)?;
        let correct = right.to_dtype(candle_core::DType::F32)?.sum_all()?;
        self.pending = Some(match self.pending.take() {
            Some((l, c)) => ((l + loss)?, (c + correct)?),
            None => (loss, correct),
        });
        self.images += n;
        Ok(())
    }

    /// Mean loss and accuracy of all images so far.
    ///
    /// # Errors
    /// The device failed.
    pub(super) fn means(&mut self) -> Result<(f64, f64)> {
        if let Some((loss, correct)) = self.pending.take() {
            self.loss += f64::from(loss.to_scalar::<f32>()?);
            self.correct += f64::from(correct.to_scalar::<f32>()?);
        }
        let images = self.images.max(1) as f64;
        Ok((self.loss / images, self.correct / images))
    }
}
