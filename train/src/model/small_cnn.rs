//! A small convolutional network for a CPU: 93 thousand parameters before the head, 15 million
//! multiplications per 28 × 28 image.
//!
//! ```text
//! [conv 3×3, 32 → batch norm, ReLU] → mean 2×2
//! [conv 3×3, 64 → batch norm, ReLU] → mean 2×2
//! [conv 3×3, 128 → batch norm, ReLU] → mean over pixels = features (128)
//! ```
//!
//! Dropout, where asked for, stands before the second and the third convolution and before the head.

use super::{Backbone, NetworkEntry, Taps};
use crate::data::element::Input;
use crate::nn::{
    Activation, BatchNorm2d, Builder, Conv2d, ConvInit, Dropout, Mode, Window, avg_pool2d, global_avg_pool,
};
use candle_core::{Result, Tensor};

const WIDTHS: [usize; 3] = [32, 64, 128];

/// The network in the list.
pub static ENTRY: NetworkEntry = NetworkEntry {
    id: "small-cnn",
    summary: "three convolutions and a mean over pixels",
    input: Input::Images,
    build: |builder, channels| Ok(Box::new(SmallCnn::new(builder, channels)?)),
};

/// The network.
pub struct SmallCnn {
    stages: Vec<(Conv2d, BatchNorm2d)>,
    dropout: Dropout,
}

impl SmallCnn {
    /// A network for images of `channels` channels, at least 4 × 4 pixels.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(builder: &mut Builder, channels: usize) -> Result<Self> {
        let mut inputs = channels;
        let mut stages = Vec::new();
        for (i, width) in WIDTHS.into_iter().enumerate() {
            let (conv, bn) = (format!("conv{}", i + 1), format!("bn{}", i + 1));
            let window = Window::three(1);
            stages.push((
                Conv2d::new(builder, &conv, [inputs, width], window, ConvInit::HeFanIn)?,
                BatchNorm2d::new(builder, &bn, width)?,
            ));
            inputs = width;
        }
        Ok(Self { stages, dropout: builder.dropout() })
    }
}

impl Backbone for SmallCnn {
    fn features(&self) -> usize {
        WIDTHS[WIDTHS.len() - 1]
    }

    fn layers(&self) -> Vec<String> {
        vec!["stage1".to_owned(), "stage2".to_owned()]
    }

    fn maps(&self) -> Vec<String> {
        (1..=self.stages.len()).map(|i| format!("stage{i}")).collect()
    }

    fn forward(&self, images: &Tensor, mode: Mode, taps: &mut Taps) -> Result<Tensor> {
        let mut x = images.clone();
        for (i, (conv, bn)) in self.stages.iter().enumerate() {
            if i > 0 {
                x = self.dropout.forward(&avg_pool2d(&x, 2)?, mode)?;
            }
            x = bn.forward(&conv.forward(&x)?, mode, Activation::Relu)?;
            taps.record(&format!("stage{}", i + 1), &x)?;
        }
        global_avg_pool(&x)
    }
}
