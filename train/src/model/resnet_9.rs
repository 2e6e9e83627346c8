//! ResNet-9 for 32 × 32 images: the network of David Page's ["How to train your ResNet"](https://github.com/davidcpage/cifar10-fast) (2018) in narrower
//! widths, for a CPU: eight epochs of CIFAR-10 took some 75 minutes of one core and gave 86 to 87 % of its test images (`reports/paper`).
//!
//! ```text
//! unit(x)   =  relu(bn(conv₃ₓ₃(x)))
//! stem                                unit                      16 channels
//! layer1    unit → mean 2×2 →  x + unit(unit(x))                32
//! layer2    unit → mean 2×2                                     96
//! layer3    unit → mean 2×2 →  x + unit(unit(x))               192
//! features  =  mean over pixels of layer3                      192
//! ```
//!
//! His has widths 64 to 512, and the largest value where this has a mean. Most multiplications are done where the image is small and the channels are many: 38 million of them
//! for an image of 32 × 32, about as many as ResNet-20 has, with three times the parameters.
//!
//! Dropout, where asked for, stands before the second convolution of a residual and before the head.

use super::{Backbone, NetworkEntry, Taps};
use crate::data::element::Input;
use crate::nn::{
    Activation, BatchNorm2d, Builder, Conv2d, ConvInit, Dropout, Mode, Window, avg_pool2d, global_avg_pool,
};
use candle_core::{Result, Tensor};

const STEM: usize = 16;
/// Width of the layers, and whether a residual follows the mean.
const LAYERS: [(usize, bool); 3] = [(32, true), (96, false), (192, true)];

/// The network in the list.
pub static ENTRY: NetworkEntry = NetworkEntry {
    id: "resnet-9",
    summary: "9 layers, width 16 to 192: for an hour or two of a CPU",
    input: Input::Images,
    build: |builder, channels| Ok(Box::new(ResNet9::new(builder, channels)?)),
};

/// A convolution with batch norm and ReLU.
struct Unit {
    conv: Conv2d,
    bn: BatchNorm2d,
}

impl Unit {
    fn new(b: &mut Builder, number: &str, channels: [usize; 2]) -> Result<Self> {
        Ok(Self {
            conv: Conv2d::new(b, &format!("conv{number}"), channels, Window::three(1), ConvInit::HeFanIn)?,
            bn: BatchNorm2d::new(b, &format!("bn{number}"), channels[1])?,
        })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.bn.forward(&self.conv.forward(x)?, mode, Activation::Relu)
    }
}

/// `x + unit(unit(x))`.
struct Residual {
    first: Unit,
    dropout: Dropout,
    second: Unit,
}

impl Residual {
    fn new(b: &mut Builder, width: usize) -> Result<Self> {
        let [first, second] = [Unit::new(b, "1", [width; 2])?, Unit::new(b, "2", [width; 2])?];
        Ok(Self { first, dropout: b.dropout(), second })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.dropout.forward(&self.first.forward(x, mode)?, mode)?;
        self.second.forward(&y, mode)? + x
    }
}

struct Layer {
    unit: Unit,
    residual: Option<Residual>,
}

impl Layer {
    fn new(b: &mut Builder, [inputs, width]: [usize; 2], residual: bool) -> Result<Self> {
        let unit = Unit::new(b, "", [inputs, width])?;
        let residual = residual.then(|| b.within("residual", |b| Residual::new(b, width))).transpose()?;
        Ok(Self { unit, residual })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let x = avg_pool2d(&self.unit.forward(x, mode)?, 2)?;
        self.residual.as_ref().map_or_else(|| Ok(x.clone()), |residual| residual.forward(&x, mode))
    }
}

/// The network.
pub struct ResNet9 {
    stem: Unit,
    layers: Vec<Layer>,
    features: usize,
}

impl ResNet9 {
    /// A network for images of `channels` channels, at least 8 × 8 pixels.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(b: &mut Builder, channels: usize) -> Result<Self> {
        let stem = b.within("stem", |b| Unit::new(b, "", [channels, STEM]))?;
        let mut inputs = STEM;
        let mut layers = Vec::with_capacity(LAYERS.len());
        for (i, (width, residual)) in (1..).zip(LAYERS) {
            layers.push(b.within(&format!("layer{i}"), |b| Layer::new(b, [inputs, width], residual))?);
            inputs = width;
        }
        Ok(Self { stem, layers, features: inputs })
    }
}

impl Backbone for ResNet9 {
    fn features(&self) -> usize {
        self.features
    }

    fn layers(&self) -> Vec<String> {
        ["stem", "layer1", "layer2"].map(str::to_owned).to_vec()
    }

    fn maps(&self) -> Vec<String> {
        ["stem", "layer1", "layer2", "layer3"].map(str::to_owned).to_vec()
    }

    fn forward(&self, images: &Tensor, mode: Mode, taps: &mut Taps) -> Result<Tensor> {
        let mut x = self.stem.forward(images, mode)?;
        taps.record("stem", &x)?;
        for (i, layer) in (1..).zip(&self.layers) {
            x = layer.forward(&x, mode)?;
            taps.record(&format!("layer{i}"), &x)?;
        }
        global_avg_pool(&x)
    }
}
