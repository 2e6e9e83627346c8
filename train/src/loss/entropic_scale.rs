//! E_s, which multiplies the logits of isotropic losses in training and is dropped afterwards: what a network gives out is without it.

use candle_core::{Result, Tensor};
use oodbench::score::settings::{Parameter, SettingError, Settings};

use super::likelihood::probability_then_log;

/// The entropic scale of a loss.
#[derive(Clone, Copy, Debug)]
pub struct EntropicScale(f64);

impl EntropicScale {
    /// How it is set; its default is a constant of the papers, not tuned.
    pub const PARAMETER: Parameter = Parameter {
        name: "entropic_scale",
        default: "10",
        help: "E_s, which multiplies the logits in the loss and not in the dump; a number above 0",
        grid: &[],
        counts: None,
    };

    /// The value that was set.
    ///
    /// # Errors
    ///
    /// It is not a number above 0.
    pub fn of(settings: &Settings) -> std::result::Result<Self, SettingError> {
        let valid = |scale: &f64| *scale > 0.0 && scale.is_finite();
        settings.number(Self::PARAMETER.name, "a number above 0", valid).map(Self)
    }

    /// `mean_i −log(softmax(E_s · z_i)_{t_i})`, probability and logarithm separately.
    ///
    /// # Errors
    ///
    /// A target is no class, or the shapes do not fit.
    pub fn loss(self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        probability_then_log(&self.scaled(logits)?, targets)
    }

    /// `E_s · z`.
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn scaled(self, logits: &Tensor) -> Result<Tensor> {
        logits * self.0
    }
}
