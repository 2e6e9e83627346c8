//! ResNet-18 and ResNet-34 for 32 × 32 images (He et al. 2016): widths 64, 128, 256, 512, and 1 × 1 convolutions where a shortcut changes size.
//!
//! Names and initialisation are those of the implementation used by Lee et al. (`deep_Mahalanobis_detector`).

use super::NetworkEntry;
use super::residual::{Residual, Shortcut};
use crate::data::element::Input;
use crate::nn::{Activation, BatchNorm2d, Builder, Conv2d, ConvInit, Mode, Window};
use candle_core::{Result, Tensor};

/// The network.
pub type ResNet = Residual<Projection>;

/// ResNet-18 in the list.
pub static RESNET_18: NetworkEntry = NetworkEntry {
    id: "resnet-18",
    summary: "18 layers, width 64 to 512",
    input: Input::Images,
    build: |builder, channels| Ok(Box::new(ResNet::new(builder, channels, &STAGES_18)?)),
};

/// ResNet-34 in the list.
pub static RESNET_34: NetworkEntry = NetworkEntry {
    id: "resnet-34",
    summary: "34 layers, width 64 to 512; the paper's \"overparametrized commonly used implementation\"",
    input: Input::Images,
    build: |builder, channels| Ok(Box::new(ResNet::new(builder, channels, &STAGES_34)?)),
};

/// Width and number of blocks of the stages of ResNet-18.
const STAGES_18: [(usize, usize); 4] = [(64, 2), (128, 2), (256, 2), (512, 2)];

/// The same of ResNet-34.
const STAGES_34: [(usize, usize); 4] = [(64, 3), (128, 4), (256, 6), (512, 3)];

/// The input itself, or a convolution of it where the size changes.
pub struct Projection(Option<(Conv2d, BatchNorm2d)>);

impl Shortcut for Projection {
    const INIT: ConvInit = ConvInit::TorchDefault;

    fn new(b: &mut Builder, [inputs, width]: [usize; 2], stride: usize) -> Result<Self> {
        if stride == 1 && inputs == width {
            return Ok(Self(None));
        }
        let projection = b.within("shortcut", |b| {
            let conv = Conv2d::new(b, "0", [inputs, width], Window::one(stride), Self::INIT)?;
            Ok((conv, BatchNorm2d::new(b, "1", width)?))
        })?;
        Ok(Self(Some(projection)))
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match &self.0 {
            Some((conv, bn)) => bn.forward(&conv.forward(x)?, mode, Activation::Identity),
            None => Ok(x.clone()),
        }
    }
}
