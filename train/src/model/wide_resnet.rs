//! Wide residual networks of depth 40 and width 2 for 32 × 32 images (Zagoruyko and Komodakis 2016): three stages of six blocks, 32 to 128 channels wide, with
//! batch norm and ReLU before each convolution. The network of Outlier Exposure (Hendrycks et al. 2019) and of energy fine-tuning (Liu et al. 2020), both with
//! dropout 0.3.
//!
//! ```text
//! a = relu(bn1(x))
//! block, same width:   y = x                    + conv2₃ₓ₃(relu(bn2(conv1₃ₓ₃(a))))
//! block, other width:  y = convShortcut₁ₓ₁(a)   + conv2₃ₓ₃(relu(bn2(conv1₃ₓ₃(a))))     by stride 2 after the first stage
//! features  =  mean over pixels of relu(bn1(y))                             128
//! ```
//!
//! Names and initialisation (He's by outputs) are those of `hendrycks/outlier-exposure`, whose last layer `fc` is read as the head. Dropout, where asked
//! for, stands before `conv2`, as there, and before the head, too.

use super::{Backbone, NetworkEntry, Taps};
use crate::data::element::Input;
use crate::nn::{Activation, BatchNorm2d, Builder, Conv2d, ConvInit, Dropout, Mode, Window, global_avg_pool};
use candle_core::{Result, Tensor};

const STEM: usize = 16;
/// Width and first stride of the stages.
const STAGES: [(usize, usize); 3] = [(32, 1), (64, 2), (128, 2)];
/// (40 − 4) / 6.
const BLOCKS: usize = 6;
const INIT: ConvInit = ConvInit::HeFanOut;

/// The network in the list.
pub static ENTRY: NetworkEntry = NetworkEntry {
    id: "wrn-40-2",
    summary: "40 layers, width 32 to 128; the network of Outlier Exposure and energy fine-tuning",
    input: Input::Images,
    build: |builder, channels| Ok(Box::new(WideResNet::new(builder, channels)?)),
};

struct Block {
    bn1: BatchNorm2d,
    conv1: Conv2d,
    bn2: BatchNorm2d,
    conv2: Conv2d,
    /// Of the activated input, where the width changes.
    shortcut: Option<Conv2d>,
    dropout: Dropout,
}

impl Block {
    fn new(b: &mut Builder, [inputs, width]: [usize; 2], stride: usize) -> Result<Self> {
        let shortcut = |b: &mut Builder| Conv2d::new(b, "convShortcut", [inputs, width], Window::one(stride), INIT);
        Ok(Self {
            bn1: BatchNorm2d::new(b, "bn1", inputs)?,
            conv1: Conv2d::new(b, "conv1", [inputs, width], Window::three(stride), INIT)?,
            bn2: BatchNorm2d::new(b, "bn2", width)?,
            conv2: Conv2d::new(b, "conv2", [width, width], Window::three(1), INIT)?,
            shortcut: (inputs != width).then(|| shortcut(b)).transpose()?,
            dropout: b.dropout(),
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let activated = self.bn1.forward(x, mode, Activation::Relu)?;
        let y = self.bn2.forward(&self.conv1.forward(&activated)?, mode, Activation::Relu)?;
        let y = self.conv2.forward(&self.dropout.forward(&y, mode)?)?;
        match &self.shortcut {
            Some(shortcut) => shortcut.forward(&activated)? + y,
            None => x + y,
        }
    }
}

/// The network.
pub struct WideResNet {
    conv1: Conv2d,
    stages: Vec<Vec<Block>>,
    bn1: BatchNorm2d,
    features: usize,
}

impl WideResNet {
    /// The network for images of `channels` channels.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(b: &mut Builder, channels: usize) -> Result<Self> {
        let conv1 = Conv2d::new(b, "conv1", [channels, STEM], Window::three(1), INIT)?;
        let mut inputs = STEM;
        let mut stages = Vec::with_capacity(STAGES.len());
        for (stage, (width, first)) in (1..).zip(STAGES) {
            let mut blocks = Vec::with_capacity(BLOCKS);
            for i in 0..BLOCKS {
                let stride = if i == 0 { first } else { 1 };
                let name = format!("block{stage}.layer.{i}");
                blocks.push(b.within(&name, |b| Block::new(b, [inputs, width], stride))?);
                inputs = width;
            }
            stages.push(blocks);
        }
        Ok(Self { conv1, stages, bn1: BatchNorm2d::new(b, "bn1", inputs)?, features: inputs })
    }
}

impl Backbone for WideResNet {
    fn features(&self) -> usize {
        self.features
    }

    fn layers(&self) -> Vec<String> {
        ["stem", "block1", "block2"].map(str::to_owned).to_vec()
    }

    fn maps(&self) -> Vec<String> {
        ["stem", "block1", "block2", "block3"].map(str::to_owned).to_vec()
    }

    fn forward(&self, images: &Tensor, mode: Mode, taps: &mut Taps) -> Result<Tensor> {
        let mut x = self.conv1.forward(images)?;
        taps.record("stem", &x)?;
        for (i, blocks) in self.stages.iter().enumerate() {
            for block in blocks {
                x = block.forward(&x, mode)?;
            }
            taps.record(&format!("block{}", i + 1), &x)?;
        }
        global_avg_pool(&self.bn1.forward(&x, mode, Activation::Relu)?)
    }
}
