//! ResNet-110 for 32 × 32 images as its paper has it (He et al. 2016, §4.2): 54 basic blocks of
//! widths 16, 32, 64 and shortcuts without parameters (option A), 1.7 million parameters.
//!
//! A shortcut that changes size keeps every second pixel and pads the new channels with zeros,
//! half before and half after. Names and initialisation are those of `akamaster/pytorch_resnet_cifar10`,
//! which the paper on IsoMax+ names.

use super::{Backbone, Taps};
use crate::train::nn::{Activation, BatchNorm2d, Builder, Conv2d, ConvInit, Mode, Window, add_relu, global_avg_pool};
use candle_core::{Result, Tensor};

const WIDTHS: [usize; 3] = [16, 32, 64];
const BLOCKS: usize = 18;

struct Block {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    conv2: Conv2d,
    bn2: BatchNorm2d,
    new_channels: usize,
}

impl Block {
    fn new(b: &mut Builder, [inputs, width]: [usize; 2]) -> Result<Self> {
        let init = ConvInit::HeFanIn;
        let stride = if inputs == width { 1 } else { 2 };
        Ok(Self {
            conv1: Conv2d::new(b, "conv1", [inputs, width], Window::three(stride), init)?,
            bn1: BatchNorm2d::new(b, "bn1", width)?,
            conv2: Conv2d::new(b, "conv2", [width, width], Window::three(1), init)?,
            bn2: BatchNorm2d::new(b, "bn2", width)?,
            new_channels: width - inputs,
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.bn1.forward(&self.conv1.forward(x)?, mode, Activation::Relu)?;
        let y = self.bn2.forward(&self.conv2.forward(&y)?, mode, Activation::Identity)?;
        match self.new_channels {
            0 => add_relu(&y, x),
            new => {
                let half = new / 2;
                let shortcut = every_second_pixel(x)?.pad_with_zeros(1, half, new - half)?;
                add_relu(&y, &shortcut)
            }
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

/// The network.
pub struct ResNet110 {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    stages: Vec<Vec<Block>>,
}

impl ResNet110 {
    /// The network for images of `channels` channels.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(b: &mut Builder, channels: usize) -> Result<Self> {
        let stem = [channels, WIDTHS[0]];
        let conv1 = Conv2d::new(b, "conv1", stem, Window::three(1), ConvInit::HeFanIn)?;
        let bn1 = BatchNorm2d::new(b, "bn1", WIDTHS[0])?;
        let mut inputs = WIDTHS[0];
        let mut stages = Vec::new();
        for (stage, width) in WIDTHS.into_iter().enumerate() {
            let mut blocks = Vec::with_capacity(BLOCKS);
            for i in 0..BLOCKS {
                let name = format!("layer{}.{i}", stage + 1);
                blocks.push(b.within(&name, |b| Block::new(b, [inputs, width]))?);
                inputs = width;
            }
            stages.push(blocks);
        }
        Ok(Self { conv1, bn1, stages })
    }
}

impl Backbone for ResNet110 {
    fn features(&self) -> usize {
        WIDTHS[WIDTHS.len() - 1]
    }

    fn layers(&self) -> Vec<String> {
        ["stem", "layer1", "layer2"].map(str::to_owned).to_vec()
    }

    fn forward(&self, images: &Tensor, mode: Mode, taps: &mut Taps) -> Result<Tensor> {
        let stem = self.conv1.forward(images)?;
        let mut x = self.bn1.forward(&stem, mode, Activation::Relu)?;
        taps.record("stem", &x)?;
        for (i, stage) in self.stages.iter().enumerate() {
            for block in stage {
                x = block.forward(&x, mode)?;
            }
            taps.record(&format!("layer{}", i + 1), &x)?;
        }
        global_avg_pool(&x)
    }
}
