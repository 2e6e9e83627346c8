//! ResNet-18 and ResNet-34 for 32 × 32 images (He et al. 2016, basic blocks): a 3 × 3 stem
//! without pooling, widths 64, 128, 256, 512, and 1 × 1 convolutions where a shortcut changes size.
//!
//! ```text
//! block:  y = relu( bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x) )
//! ```
//!
//! Names and initialisation are those of the implementation used by Lee et al. (`deep_Mahalanobis_detector`).

use super::{Backbone, Taps};
use crate::train::nn::{Activation, BatchNorm2d, Builder, Conv2d, ConvInit, Mode, Window, add_relu, global_avg_pool};
use candle_core::{Result, Tensor};

const WIDTHS: [usize; 4] = [64, 128, 256, 512];

struct Block {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    conv2: Conv2d,
    bn2: BatchNorm2d,
    shortcut: Option<(Conv2d, BatchNorm2d)>,
}

impl Block {
    fn new(b: &mut Builder, [inputs, width]: [usize; 2], stride: usize) -> Result<Self> {
        let init = ConvInit::TorchDefault;
        Ok(Self {
            conv1: Conv2d::new(b, "conv1", [inputs, width], Window::three(stride), init)?,
            bn1: BatchNorm2d::new(b, "bn1", width)?,
            conv2: Conv2d::new(b, "conv2", [width, width], Window::three(1), init)?,
            bn2: BatchNorm2d::new(b, "bn2", width)?,
            shortcut: match stride != 1 || inputs != width {
                true => Some(b.within("shortcut", |b| {
                    Ok((
                        Conv2d::new(b, "0", [inputs, width], Window::one(stride), init)?,
                        BatchNorm2d::new(b, "1", width)?,
                    ))
                })?),
                false => None,
            },
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.bn1.forward(&self.conv1.forward(x)?, mode, Activation::Relu)?;
        let y = self.bn2.forward(&self.conv2.forward(&y)?, mode, Activation::Identity)?;
        match &self.shortcut {
            Some((conv, bn)) => {
                let shortcut = bn.forward(&conv.forward(x)?, mode, Activation::Identity)?;
                add_relu(&y, &shortcut)
            }
            None => add_relu(&y, x),
        }
    }
}

/// The network.
pub struct ResNet {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    stages: Vec<Vec<Block>>,
}

impl ResNet {
    /// A network with that many blocks in its four stages.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(b: &mut Builder, channels: usize, blocks: [usize; 4]) -> Result<Self> {
        let stem = [channels, WIDTHS[0]];
        let conv1 = Conv2d::new(b, "conv1", stem, Window::three(1), ConvInit::TorchDefault)?;
        let bn1 = BatchNorm2d::new(b, "bn1", WIDTHS[0])?;
        let mut inputs = WIDTHS[0];
        let mut stages = Vec::new();
        for (stage, (width, count)) in WIDTHS.into_iter().zip(blocks).enumerate() {
            let mut made = Vec::with_capacity(count);
            for i in 0..count {
                let stride = if stage > 0 && i == 0 { 2 } else { 1 };
                let name = format!("layer{}.{i}", stage + 1);
                made.push(b.within(&name, |b| Block::new(b, [inputs, width], stride))?);
                inputs = width;
            }
            stages.push(made);
        }
        Ok(Self { conv1, bn1, stages })
    }
}

impl Backbone for ResNet {
    fn features(&self) -> usize {
        WIDTHS[WIDTHS.len() - 1]
    }

    fn layers(&self) -> Vec<String> {
        let stages = (1..self.stages.len()).map(|i| format!("layer{i}"));
        std::iter::once("stem".to_owned()).chain(stages).collect()
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
