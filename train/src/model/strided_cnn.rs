//! A small convolutional network for a CPU that keeps where things are: strided convolutions, then a dense layer over all that is left of the
//! image; 355 thousand parameters before the head, 2.4 million multiplications per 28 × 28 image.
//!
//! ```text
//! [conv 3×3 by stride 2, 32 → batch norm, ReLU]
//! [conv 3×3 by stride 2, 64 → batch norm, ReLU]
//! [conv 3×3 by stride 2, 128 → batch norm, ReLU]     4 × 4 pixels of images of 28 × 28 or 32 × 32
//! dense, ReLU = features (128)
//! ```
//!
//! Dropout, where asked for, stands before every convolution but the first, before the dense layer and before the head.

use super::{Backbone, NetworkEntry, Taps};
use crate::data::element::Input;
use crate::nn::{Activation, BatchNorm2d, Builder, Conv2d, ConvInit, Dropout, Linear, Mode, Window};
use candle_core::{Result, Tensor, bail};

const WIDTHS: [usize; 3] = [32, 64, 128];
/// What is left of 25 to 32 pixels after three strides of 2.
const SIDE: usize = 4;
const FEATURES: usize = 128;

/// The network in the list.
pub static ENTRY: NetworkEntry = NetworkEntry {
    id: "strided-cnn",
    summary: "three convolutions by stride 2 and a dense layer to 128 features",
    input: Input::Images,
    build: |builder, channels| Ok(Box::new(StridedCnn::new(builder, channels)?)),
};

/// The network.
pub struct StridedCnn {
    stages: Vec<(Conv2d, BatchNorm2d)>,
    dense: Linear,
    dropout: Dropout,
}

impl StridedCnn {
    /// A network for images of `channels` channels, 25 to 32 pixels high and wide.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(builder: &mut Builder, channels: usize) -> Result<Self> {
        let mut inputs = channels;
        let mut stages = Vec::new();
        for (i, width) in WIDTHS.into_iter().enumerate() {
            let (conv, bn) = (format!("conv{}", i + 1), format!("bn{}", i + 1));
            let window = Window::three(2);
            stages.push((
                Conv2d::new(builder, &conv, [inputs, width], window, ConvInit::HeFanIn)?,
                BatchNorm2d::new(builder, &bn, width)?,
            ));
            inputs = width;
        }
        let dense = Linear::new(builder, "dense", [inputs * SIDE * SIDE, FEATURES])?;
        Ok(Self { stages, dense, dropout: builder.dropout() })
    }
}

impl Backbone for StridedCnn {
    fn features(&self) -> usize {
        FEATURES
    }

    fn layers(&self) -> Vec<String> {
        (1..=self.stages.len()).map(|i| format!("stage{i}")).collect()
    }

    fn maps(&self) -> Vec<String> {
        self.layers()
    }

    fn forward(&self, images: &Tensor, mode: Mode, taps: &mut Taps) -> Result<Tensor> {
        let mut x = images.clone();
        for (i, (conv, bn)) in self.stages.iter().enumerate() {
            if i > 0 {
                x = self.dropout.forward(&x, mode)?;
            }
            x = bn.forward(&conv.forward(&x)?, mode, Activation::Relu)?;
            taps.record(&format!("stage{}", i + 1), &x)?;
        }
        let (_, _, h, w) = x.dims4()?;
        if [h, w] != [SIDE, SIDE] {
            let (_, _, h, w) = images.dims4()?;
            bail!("strided-cnn: found images of {h} x {w} pixels, expected 25 to 32 pixels a side");
        }
        self.dense.forward(&self.dropout.forward(&x.flatten_from(1)?, mode)?)?.relu()
    }
}
