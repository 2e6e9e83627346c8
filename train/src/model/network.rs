//! A network whole: a backbone with its head, on a device.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use super::{Architecture, Backbone, Taps};
use crate::device::Device;
use crate::loss::{LossChoice, LossHead};
use crate::nn::{Builder, Dropout, Mode, Params};

/// What a network is made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// The backbone.
    pub architecture: Architecture,
    /// The head and its loss.
    pub loss: LossChoice,
    /// Channels of an image, values of a vector, or tokens of a vocabulary.
    pub channels: usize,
    /// Number of classes.
    pub classes: usize,
    /// The probability that dropout layers drop a value; 0 for none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub dropout: f64,
}

/// Recipes of networks without dropout do not speak of it.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
fn is_none(rate: &f64) -> bool {
    *rate == 0.0
}

/// The prefix of the head's parameter names, the authors'.
pub const HEAD: &str = "classifier";

/// A backbone with its head.
pub struct Network {
    design: Design,
    backbone: Box<dyn Backbone>,
    head: Box<dyn LossHead>,
    params: Params,
    dropout: Dropout,
    device: Device,
}

impl Network {
    /// A network with random weights that depend on `seed` alone.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(design: &Design, seed: u64, device: &Device) -> Result<Self> {
        let mut builder = Builder::new(seed, device.candle()).with_dropout(design.dropout);
        let dropout = builder.dropout();
        let backbone = design.architecture.build(&mut builder, design.channels)?;
        let head = design.loss.head(&mut builder, HEAD, [backbone.features(), design.classes])?;
        let params = builder.finish();
        Ok(Self { design: design.clone(), backbone, head, params, dropout, device: device.clone() })
    }

    /// What it was made from.
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// Images to features.
    pub fn backbone(&self) -> &dyn Backbone {
        self.backbone.as_ref()
    }

    /// Features to logits, and the loss.
    pub fn head(&self) -> &dyn LossHead {
        self.head.as_ref()
    }

    /// Its parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Where it is.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The random numbers of its dropout layers.
    pub fn dropout(&self) -> &Dropout {
        &self.dropout
    }

    /// Logits (n, C) of normalised images (n, channels, h, w), without the entropic scale.
    ///
    /// # Errors
    ///
    /// The images do not fit the network.
    pub fn logits(&self, images: &Tensor, mode: Mode) -> Result<Tensor> {
        let features = self.backbone.forward(images, mode, &mut Taps::none())?;
        self.head.logits(&self.dropout.forward(&features, mode)?, mode)
    }
}
