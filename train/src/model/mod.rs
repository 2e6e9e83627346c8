//! The networks: one file each, from images to features; a head from [`loss`](super::loss) turns
//! these into logits.
//!
//! | name | network | features | parameters with 10 classes, softmax, RGB |
//! |---|---|---|---|
//! | `small-cnn` | [`small_cnn`]: three convolutions, for 28 × 28 and 32 × 32 | 128 | 94,762 |
//! | `resnet-18`, `resnet-34` | [`resnet`]: width 64 to 512, for 32 × 32 | 512 | 11,173,962; 21,282,122 |
//! | `resnet-110` | [`resnet110`]: width 16 to 64 | 64 | 1,727,962 |
//! | `densenet-bc-100` | [`densenet`]: growth rate 12, reduction 0.5 | 342 | 769,162 |

pub mod densenet;
pub mod residual;
pub mod resnet;
pub mod resnet110;
pub mod small_cnn;
pub mod weights;

use super::loss::{LossHead, LossKind};
use super::nn::{Builder, Mode, Params, global_avg_pool};
use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};

/// Which network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Architecture {
    /// Three convolutions.
    #[serde(rename = "small-cnn")]
    SmallCnn,
    /// 18 layers, width 64 to 512.
    #[serde(rename = "resnet-18")]
    Resnet18,
    /// 34 layers, width 64 to 512; the paper's "overparametrized commonly used implementation".
    #[serde(rename = "resnet-34")]
    Resnet34,
    /// 110 layers, width 16 to 64; the paper's "correct size proper implementation".
    #[serde(rename = "resnet-110")]
    Resnet110,
    /// 100 layers, growth rate 12, bottlenecks and compression.
    #[serde(rename = "densenet-bc-100")]
    DensenetBc100,
}

impl Architecture {
    /// All networks.
    pub const ALL: [Self; 5] = [Self::SmallCnn, Self::Resnet18, Self::Resnet34, Self::Resnet110, Self::DensenetBc100];

    /// The name in commands, configurations and dumps.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SmallCnn => "small-cnn",
            Self::Resnet18 => "resnet-18",
            Self::Resnet34 => "resnet-34",
            Self::Resnet110 => "resnet-110",
            Self::DensenetBc100 => "densenet-bc-100",
        }
    }

    /// The network of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

    fn backbone(self, builder: &mut Builder, channels: usize) -> Result<Box<dyn Backbone>> {
        Ok(match self {
            Self::SmallCnn => Box::new(small_cnn::SmallCnn::new(builder, channels)?),
            Self::Resnet18 => Box::new(resnet::ResNet::new(builder, channels, &resnet::RESNET_18)?),
            Self::Resnet34 => Box::new(resnet::ResNet::new(builder, channels, &resnet::RESNET_34)?),
            Self::Resnet110 => Box::new(resnet110::ResNet110::new(builder, channels, &resnet110::STAGES)?),
            Self::DensenetBc100 => Box::new(densenet::DenseNet::new(builder, channels)?),
        })
    }
}

/// Images to features.
pub trait Backbone: Send + Sync {
    /// Length D of a feature vector.
    fn features(&self) -> usize;

    /// Names of the layers before the features, from the image on; what `taps` can ask for.
    fn layers(&self) -> Vec<String>;

    /// Features (n, D) of normalised images (n, channels, h, w).
    ///
    /// # Errors
    ///
    /// The images do not fit the network.
    fn forward(&self, images: &Tensor, mode: Mode, taps: &mut Taps) -> Result<Tensor>;
}

/// What is recorded of the layers on the way: the mean over pixels of each asked-for layer, (n, c),
/// which is what multi-layer scores read.
#[derive(Debug, Default)]
pub struct Taps {
    wanted: Vec<String>,
    recorded: Vec<(String, Tensor)>,
}

impl Taps {
    /// Nothing is recorded.
    pub fn none() -> Self {
        Self::default()
    }

    /// These layers are recorded.
    pub fn of(layers: &[String]) -> Self {
        Self { wanted: layers.to_vec(), recorded: Vec::new() }
    }

    /// Called by a network with the output (n, c, h, w) of each of its layers.
    ///
    /// # Errors
    ///
    /// The output has not four axes.
    pub fn record(&mut self, layer: &str, output: &Tensor) -> Result<()> {
        if self.wanted.iter().any(|wanted| wanted == layer) {
            let pooled = global_avg_pool(&output.detach())?;
            self.recorded.push((layer.to_owned(), pooled));
        }
        Ok(())
    }

    /// What was recorded, in the network's order.
    pub fn into_recorded(self) -> Vec<(String, Tensor)> {
        self.recorded
    }
}

/// What a network is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Design {
    /// The backbone.
    pub architecture: Architecture,
    /// The head and its loss.
    pub loss: LossKind,
    /// Channels of an image.
    pub channels: usize,
    /// Number of classes.
    pub classes: usize,
}

/// The prefix of the head's parameter names, the authors'.
pub const HEAD: &str = "classifier";

/// A backbone with its head.
pub struct Network {
    design: Design,
    backbone: Box<dyn Backbone>,
    head: Box<dyn LossHead>,
    params: Params,
}

impl Network {
    /// A network with random weights that depend on `seed` alone.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(design: Design, seed: u64, device: &Device) -> Result<Self> {
        let mut builder = Builder::new(seed, device);
        let backbone = design.architecture.backbone(&mut builder, design.channels)?;
        let head = design.loss.build(&mut builder, HEAD, backbone.features(), design.classes)?;
        Ok(Self { design, backbone, head, params: builder.finish() })
    }

    /// What it was made from.
    pub fn design(&self) -> Design {
        self.design
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

    /// Logits (n, C) of normalised images (n, channels, h, w), without the entropic scale.
    ///
    /// # Errors
    ///
    /// The images do not fit the network.
    pub fn logits(&self, images: &Tensor, mode: Mode) -> Result<Tensor> {
        let features = self.backbone.forward(images, mode, &mut Taps::none())?;
        self.head.logits(&features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_serde_names_and_come_back() {
        for architecture in Architecture::ALL {
            let name = architecture.name();
            assert_eq!(Architecture::from_name(name), Some(architecture));
            let json = serde_json::to_string(&architecture).unwrap();
            assert_eq!(json, format!("{name:?}"));
        }
    }
}
