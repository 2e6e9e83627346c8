//! A network as an attack sees it: pixels in, logits out.

use candle_core::{Device, Result, Tensor, Var};

use crate::data::Normalisation;
use crate::loss::likelihood::cross_entropy;
use crate::model::Network;
use crate::nn::Mode;

/// A network of pixels on the scale 0 to 1.
pub struct Victim<'a> {
    network: &'a Network,
    mean: Tensor,
    std: Tensor,
}

impl<'a> Victim<'a> {
    /// A network with the constants it was trained with.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(network: &'a Network, normalisation: &Normalisation) -> Result<Self> {
        let row = |values: &[f32]| Tensor::from_slice(values, (1, values.len(), 1, 1), network.device().candle());
        Ok(Self { network, mean: row(&normalisation.mean)?, std: row(&normalisation.std)? })
    }

    /// Where the network lives.
    #[must_use]
    pub fn device(&self) -> &Device {
        self.network.device().candle()
    }

    /// The pixels of normalised images.
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn pixels(&self, normalised: &Tensor) -> Result<Tensor> {
        normalised.broadcast_mul(&self.std)?.broadcast_add(&self.mean)
    }

    /// The logits (n, C) of pixels, in evaluation mode.
    ///
    /// # Errors
    /// The images do not fit the network.
    pub fn logits(&self, pixels: &Tensor) -> Result<Tensor> {
        self.network.logits(&pixels.broadcast_sub(&self.mean)?.broadcast_div(&self.std)?, Mode::Eval)
    }

    /// The classes (n) that pixels are taken for once they are bytes.
    ///
    /// # Errors
    /// The images do not fit the network.
    pub fn predicted(&self, pixels: &Tensor) -> Result<Tensor> {
        let bytes = ((pixels.detach() * 255.0)?.round()? / 255.0)?;
        self.logits(&bytes)?.detach().argmax(1)
    }

    /// The numbers of the images that are taken for these classes once they are bytes.
    ///
    /// # Errors
    /// The images do not fit the network.
    pub(super) fn taken_for(&self, pixels: &Tensor, classes: &Tensor) -> Result<Tensor> {
        let taken = self.predicted(pixels)?.eq(classes)?.to_vec1::<u8>()?;
        let rows = taken.into_iter().zip(0u32..).filter(|(taken, _)| *taken == 1);
        Tensor::new(rows.map(|(_, row)| row).collect::<Vec<u32>>(), pixels.device())
    }

    /// The gradient of a sum over images of something made of their logits, one term for each, with respect to their pixels.
    ///
    /// # Errors
    /// The images do not fit the network.
    pub fn gradient(&self, pixels: &Tensor, sum: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        crate::perturb::image_gradient(pixels, |pixels| sum(&self.logits(pixels)?))
    }

    /// Pixels after some steps of size ε along the sign of the gradient of the cross-entropy, each cut to 0 to 1.
    ///
    /// # Errors
    /// The images do not fit the network.
    pub(super) fn away(&self, pixels: &Tensor, targets: &Tensor, steps: usize, epsilon: f64) -> Result<Tensor> {
        let mut at = pixels.detach();
        for _ in 0..steps {
            let gradient = self.gradient(&at, |logits| cross_entropy(logits, targets)? * targets.dim(0)? as f64)?;
            at = (at + (gradient.sign()? * epsilon)?)?.clamp(0.0, 1.0)?.detach();
        }
        Ok(at)
    }

    /// All logits of pixels, and the gradient of each with respect to them.
    ///
    /// # Errors
    /// The images do not fit the network.
    pub fn jacobian(&self, pixels: &Tensor) -> Result<(Tensor, Vec<Tensor>)> {
        let pixels = Var::from_tensor(pixels)?;
        let logits = self.logits(pixels.as_tensor())?;
        let gradient = |class: usize| {
            let gradients = logits.narrow(1, class, 1)?.sum_all()?.backward()?;
            gradients.get(&pixels).map_or_else(|| pixels.zeros_like(), |gradient| Ok(gradient.detach()))
        };
        let gradients = (0..logits.dim(1)?).map(gradient).collect::<Result<_>>()?;
        Ok((logits.detach(), gradients))
    }
}
