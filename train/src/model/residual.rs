//! Residual networks of basic blocks for 32 × 32 images (He et al. 2016): a 3 × 3 stem without pooling, then stages of blocks, each stage but the first at half
//! the resolution of the one before.
//!
//! ```text
//! block:  y = relu( bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x) )
//! ```
//!
//! Dropout, where asked for, stands before `conv2`, as in wide residual networks (Zagoruyko and Komodakis 2016), and before the head.

use super::{Backbone, Taps};
use crate::nn::{Activation, BatchNorm2d, Builder, Conv2d, ConvInit, Dropout, Mode, Window, add_relu, global_avg_pool};
use candle_core::{Result, Tensor};

/// How the input of a block comes to its sum: what the networks differ in.
pub trait Shortcut: Sized + Send + Sync {
    /// How the convolutions start.
    const INIT: ConvInit;

    /// The shortcut from `inputs` channels to `width` channels, by that stride.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    fn new(b: &mut Builder, channels: [usize; 2], stride: usize) -> Result<Self>;

    /// The input in the shape of the sum.
    ///
    /// # Errors
    ///
    /// The input does not fit.
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor>;
}

struct Block<S> {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    conv2: Conv2d,
    bn2: BatchNorm2d,
    shortcut: S,
    dropout: Dropout,
}

impl<S: Shortcut> Block<S> {
    fn new(b: &mut Builder, [inputs, width]: [usize; 2]) -> Result<Self> {
        let stride = if inputs == width { 1 } else { 2 };
        Ok(Self {
            conv1: Conv2d::new(b, "conv1", [inputs, width], Window::three(stride), S::INIT)?,
            bn1: BatchNorm2d::new(b, "bn1", width)?,
            conv2: Conv2d::new(b, "conv2", [width, width], Window::three(1), S::INIT)?,
            bn2: BatchNorm2d::new(b, "bn2", width)?,
            shortcut: S::new(b, [inputs, width], stride)?,
            dropout: b.dropout(),
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.bn1.forward(&self.conv1.forward(x)?, mode, Activation::Relu)?;
        let y = self.dropout.forward(&y, mode)?;
        let y = self.bn2.forward(&self.conv2.forward(&y)?, mode, Activation::Identity)?;
        add_relu(&y, &self.shortcut.forward(x, mode)?)
    }
}

/// The network.
pub struct Residual<S> {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    stages: Vec<Vec<Block<S>>>,
    features: usize,
}

impl<S: Shortcut> Residual<S> {
    /// A network for images of `channels` channels, of stages of that width and number of blocks.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(b: &mut Builder, channels: usize, shape: &[(usize, usize)]) -> Result<Self> {
        let mut inputs = shape.first().map_or(channels, |(width, _)| *width);
        let conv1 = Conv2d::new(b, "conv1", [channels, inputs], Window::three(1), S::INIT)?;
        let bn1 = BatchNorm2d::new(b, "bn1", inputs)?;
        let mut stages = Vec::with_capacity(shape.len());
        for (stage, &(width, count)) in shape.iter().enumerate() {
            let mut blocks = Vec::with_capacity(count);
            for i in 0..count {
                let name = format!("layer{}.{i}", stage + 1);
                blocks.push(b.within(&name, |b| Block::new(b, [inputs, width]))?);
                inputs = width;
            }
            stages.push(blocks);
        }
        Ok(Self { conv1, bn1, stages, features: inputs })
    }
}

impl<S: Shortcut> Backbone for Residual<S> {
    fn features(&self) -> usize {
        self.features
    }

    fn layers(&self) -> Vec<String> {
        let stages = (1..self.stages.len()).map(|i| format!("layer{i}"));
        std::iter::once("stem".to_owned()).chain(stages).collect()
    }

    fn maps(&self) -> Vec<String> {
        let last = format!("layer{}", self.stages.len());
        self.layers().into_iter().chain([last]).collect()
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
