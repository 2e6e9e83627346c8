//! A loss as it is listed: its name, its parameters, how its head is made.

use candle_core::Result;
use oodbench::score::settings::{Parameter, SettingError, Settings};

use super::LossHead;
use crate::nn::Builder;

/// What is known of a loss without a network.
pub struct LossEntry {
    /// The name it is asked for by, in commands, recipes and dumps.
    pub id: &'static str,
    /// Its logits and its training loss, in one line.
    pub summary: &'static str,
    /// The paper that defines it.
    pub reference: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Whether it learns from images that belong to no class, beside the training images.
    pub outliers: bool,
    /// Whether its head normalises one number per image over a batch, which a batch of one image does not allow.
    pub normalises: bool,
    /// Reads the parameters; what it returns makes heads.
    pub build: fn(&Settings) -> std::result::Result<MakeHead, SettingError>,
}

/// Makes the parameters of a head under a prefix, for that many features and classes.
pub type MakeHead = Box<dyn Fn(&mut Builder, &str, [usize; 2]) -> Result<Box<dyn LossHead>>>;
