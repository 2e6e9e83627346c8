//! ResNet-20 and ResNet-110 for 32 × 32 images as their paper has them (He et al. 2016, §4.2): 9 or 54 basic blocks of
//! widths 16, 32, 64 and shortcuts without parameters (option A), 0.27 or 1.7 million parameters.
//!
//! A shortcut that changes size keeps every second pixel and pads the new channels with zeros,
//! half before and half after. Names and initialisation are those of `akamaster/pytorch_resnet_cifar10`,
//! which the paper on IsoMax+ names.

use super::NetworkEntry;
use super::residual::{Residual, Shortcut};
use crate::data::element::Input;
use crate::nn::{Builder, ConvInit, Mode};
use candle_core::{Result, Tensor};

/// The networks.
pub type ResNetCifar = Residual<Padding>;

/// ResNet-20 in the list.
pub static RESNET_20: NetworkEntry = NetworkEntry {
    id: "resnet-20",
    summary: "20 layers, width 16 to 64: what 2 cores can train",
    input: Input::Images,
    build: |builder, channels| Ok(Box::new(ResNetCifar::new(builder, channels, &stages(3))?)),
};

/// ResNet-110 in the list.
pub static RESNET_110: NetworkEntry = NetworkEntry {
    id: "resnet-110",
    summary: "110 layers, width 16 to 64; the paper's \"correct size proper implementation\"",
    input: Input::Images,
    build: |builder, channels| Ok(Box::new(ResNetCifar::new(builder, channels, &stages(18))?)),
};

/// Width and number of blocks of the stages.
const fn stages(blocks: usize) -> [(usize, usize); 3] {
    [(16, blocks), (32, blocks), (64, blocks)]
}

/// The input itself, or every second pixel of it with so many channels of zeros around.
pub struct Padding {
    new_channels: usize,
}

impl Shortcut for Padding {
    const INIT: ConvInit = ConvInit::HeFanIn;

    fn new(_: &mut Builder, [inputs, width]: [usize; 2], _: usize) -> Result<Self> {
        Ok(Self { new_channels: width - inputs })
    }

    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        match self.new_channels {
            0 => Ok(x.clone()),
            new => every_second_pixel(x)?.pad_with_zeros(1, new / 2, new - new / 2),
        }
    }
}

/// x[:, :, ::2, ::2].
fn every_second_pixel(x: &Tensor) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let (oh, ow) = (h.div_ceil(2), w.div_ceil(2));
    x.pad_with_zeros(2, 0, 2 * oh - h)?
        .pad_with_zeros(3, 0, 2 * ow - w)?
        .reshape((n, c, oh, 2, ow, 2))?
        .narrow(3, 0, 1)?
        .narrow(5, 0, 1)?
        .contiguous()?
        .reshape((n, c, oh, ow))
}
