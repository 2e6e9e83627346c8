//! DenseNet-BC of depth 100 and growth rate k = 12 (Huang et al. 2017) for 32 × 32 images: three
//! blocks of 16 bottleneck layers, between them transitions that halve channels and size.
//!
//! ```text
//! layer:       x ← [x, conv2₃ₓ₃(relu(bn2(conv1₁ₓ₁(relu(bn1(x))))))]     4k channels inside, k more outside
//! transition:  x ← mean₂ₓ₂(conv1₁ₓ₁(relu(bn1(x))))
//! features  =  mean over pixels of relu(bn1(x))                          342
//! ```
//!
//! Names are those of `andreasveit/densenet-pytorch`, which Lee et al. and the paper on IsoMax+
//! use; the initialisation is He's by outputs. Dropout, where asked for, follows the convolutions of layers and transitions, as there, and stands before
//! the head, too.

use super::{Backbone, NetworkEntry, Taps};
use crate::data::element::Input;
use crate::nn::{
    Activation, BatchNorm2d, Builder, Conv2d, ConvInit, Dropout, Mode, Window, avg_pool2d, global_avg_pool,
};
use candle_core::{Result, Tensor};

const GROWTH: usize = 12;
const LAYERS: usize = 16;
const BLOCKS: usize = 3;
const INIT: ConvInit = ConvInit::HeFanOut;

struct Bottleneck {
    bn1: BatchNorm2d,
    conv1: Conv2d,
    bn2: BatchNorm2d,
    conv2: Conv2d,
    dropout: Dropout,
}

impl Bottleneck {
    fn new(b: &mut Builder, inputs: usize) -> Result<Self> {
        let inside = 4 * GROWTH;
        Ok(Self {
            bn1: BatchNorm2d::new(b, "bn1", inputs)?,
            conv1: Conv2d::new(b, "conv1", [inputs, inside], Window::one(1), INIT)?,
            bn2: BatchNorm2d::new(b, "bn2", inside)?,
            conv2: Conv2d::new(b, "conv2", [inside, GROWTH], Window::three(1), INIT)?,
            dropout: b.dropout(),
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.bn1.forward(x, mode, Activation::Relu)?;
        let y = self.dropout.forward(&self.conv1.forward(&y)?, mode)?;
        let y = self.bn2.forward(&y, mode, Activation::Relu)?;
        Tensor::cat(&[x, &self.dropout.forward(&self.conv2.forward(&y)?, mode)?], 1)
    }
}

struct Transition {
    bn1: BatchNorm2d,
    conv1: Conv2d,
    dropout: Dropout,
}

impl Transition {
    fn new(b: &mut Builder, inputs: usize) -> Result<Self> {
        Ok(Self {
            bn1: BatchNorm2d::new(b, "bn1", inputs)?,
            conv1: Conv2d::new(b, "conv1", [inputs, inputs / 2], Window::one(1), INIT)?,
            dropout: b.dropout(),
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.bn1.forward(x, mode, Activation::Relu)?;
        avg_pool2d(&self.dropout.forward(&self.conv1.forward(&y)?, mode)?, 2)
    }
}

/// The network in the list.
pub static ENTRY: NetworkEntry = NetworkEntry {
    id: "densenet-bc-100",
    summary: "100 layers, growth rate 12, bottlenecks and compression",
    input: Input::Images,
    build: |builder, channels| Ok(Box::new(DenseNet::new(builder, channels)?)),
};

/// The network.
pub struct DenseNet {
    conv1: Conv2d,
    blocks: Vec<(Vec<Bottleneck>, Option<Transition>)>,
    bn1: BatchNorm2d,
    features: usize,
}

impl DenseNet {
    /// The network for images of `channels` channels.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(b: &mut Builder, channels: usize) -> Result<Self> {
        let mut width = 2 * GROWTH;
        let conv1 = Conv2d::new(b, "conv1", [channels, width], Window::three(1), INIT)?;
        let mut blocks = Vec::with_capacity(BLOCKS);
        for block in 1..=BLOCKS {
            let mut layers = Vec::with_capacity(LAYERS);
            for i in 0..LAYERS {
                let name = format!("block{block}.layer.{i}");
                layers.push(b.within(&name, |b| Bottleneck::new(b, width))?);
                width += GROWTH;
            }
            let transition = match block < BLOCKS {
                true => {
                    let name = format!("trans{block}");
                    let made = b.within(&name, |b| Transition::new(b, width))?;
                    width /= 2;
                    Some(made)
                }
                false => None,
            };
            blocks.push((layers, transition));
        }
        Ok(Self { conv1, blocks, bn1: BatchNorm2d::new(b, "bn1", width)?, features: width })
    }
}

impl Backbone for DenseNet {
    fn features(&self) -> usize {
        self.features
    }

    fn layers(&self) -> Vec<String> {
        ["stem", "block1", "block2"].map(str::to_owned).to_vec()
    }

    fn maps(&self) -> Vec<String> {
        ["stem", "block1", "block2", "block3"].map(str::to_owned).to_vec()
    }

    /// Layers are recorded as Lee et al. read them: the stem, and each block after its transition.
    fn forward(&self, images: &Tensor, mode: Mode, taps: &mut Taps) -> Result<Tensor> {
        let mut x = self.conv1.forward(images)?;
        taps.record("stem", &x)?;
        for (i, (layers, transition)) in self.blocks.iter().enumerate() {
            for layer in layers {
                x = layer.forward(&x, mode)?;
            }
            if let Some(transition) = transition {
                x = transition.forward(&x, mode)?;
            }
            taps.record(&format!("block{}", i + 1), &x)?;
        }
        global_avg_pool(&self.bn1.forward(&x, mode, Activation::Relu)?)
    }
}
