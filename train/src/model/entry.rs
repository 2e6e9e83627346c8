//! A network as it is listed.

use candle_core::Result;

use super::Backbone;
use crate::data::element::Input;
use crate::nn::Builder;

/// What is known of a network before it is made.
pub struct NetworkEntry {
    /// The name it is asked for by, in commands, recipes and dumps.
    pub id: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// What it takes.
    pub input: Input,
    /// Makes it for images of that many channels, vectors of that length, or so many tokens.
    pub build: fn(&mut Builder, usize) -> Result<Box<dyn Backbone>>,
}
