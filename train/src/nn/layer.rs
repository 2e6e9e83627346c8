//! Layers: an operation with the parameters it owns.

use super::{Activation, Builder, Init, Mode, Window, batch_norm, conv2d};
use candle_core::{Result, Tensor};

/// How a convolution's weights start; each network keeps its authors' choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConvInit {
    /// He et al. 2015: N(0, 2 / (c·k²)), c the input channels.
    HeFanIn,
    /// He et al. 2015: N(0, 2 / (o·k²)), o the output channels.
    HeFanOut,
    /// PyTorch's default: U(±1 / √(c·k²)).
    TorchDefault,
}

/// Convolution without bias; batch normalisation supplies one.
#[derive(Debug)]
pub struct Conv2d {
    weight: Tensor,
    window: Window,
}

impl Conv2d {
    /// Makes `NAME.weight` (outputs, inputs, k, k).
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(
        builder: &mut Builder,
        name: &str,
        [inputs, outputs]: [usize; 2],
        window: Window,
        init: ConvInit,
    ) -> Result<Self> {
        let area = window.kernel * window.kernel;
        let init = match init {
            ConvInit::HeFanIn => Init::Normal((2.0 / (inputs * area) as f32).sqrt()),
            ConvInit::HeFanOut => Init::Normal((2.0 / (outputs * area) as f32).sqrt()),
            ConvInit::TorchDefault => Init::Uniform(1.0 / ((inputs * area) as f32).sqrt()),
        };
        let shape = (outputs, inputs, window.kernel, window.kernel);
        let weight = builder.within(name, |b| b.trainable("weight", shape, init))?;
        Ok(Self { weight, window })
    }

    /// (n, inputs, h, w) to (n, outputs, h', w').
    ///
    /// # Errors
    ///
    /// The images do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        conv2d(x, &self.weight, self.window)
    }
}

/// Batch normalisation of images.
#[derive(Debug)]
pub struct BatchNorm2d {
    weight: Tensor,
    bias: Tensor,
    running: Tensor,
}

impl BatchNorm2d {
    /// Makes `NAME.weight` = 1, `NAME.bias` = 0 and the running moments.
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn new(builder: &mut Builder, name: &str, channels: usize) -> Result<Self> {
        builder.within(name, |b| {
            Ok(Self {
                weight: b.trainable("weight", channels, Init::Constant(1.0))?,
                bias: b.trainable("bias", channels, Init::Constant(0.0))?,
                running: b.running_moments(channels)?,
            })
        })
    }

    /// Normalises `x` (n, channels, h, w).
    ///
    /// # Errors
    ///
    /// The images do not fit.
    pub fn forward(&self, x: &Tensor, mode: Mode, activation: Activation) -> Result<Tensor> {
        batch_norm(x, &self.weight, &self.bias, &self.running, mode, activation)
    }
}

/// An affine map of rows.
#[derive(Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Makes `NAME.weight` (outputs, inputs), U(±√(1 / inputs)), and `NAME.bias` = 0.
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn new(builder: &mut Builder, name: &str, [inputs, outputs]: [usize; 2]) -> Result<Self> {
        let bound = (1.0 / inputs as f32).sqrt();
        builder.within(name, |b| {
            Ok(Self {
                weight: b.trainable("weight", (outputs, inputs), Init::Uniform(bound))?,
                bias: b.trainable("bias", outputs, Init::Constant(0.0))?,
            })
        })
    }

    /// `x · Wᵀ + b` for rows `x` (n, inputs).
    ///
    /// # Errors
    ///
    /// The rows have another length.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }

    /// W (outputs, inputs).
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// b (outputs).
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }
}
