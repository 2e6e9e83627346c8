//! What is recorded of a network's inner layers.

use candle_core::{Result, Tensor};
use ndarray::Array2;

use super::gram;
use crate::nn::global_avg_pool;

/// What is recorded of the layers on the way: the mean over pixels of each asked-for layer, (n, c),
/// which is what multi-layer scores read, and what [`gram`] keeps of others.
#[derive(Debug, Default)]
pub struct Taps {
    wanted: Vec<String>,
    recorded: Vec<(String, Tensor)>,
    keeps_graph: bool,
    wanted_grams: Vec<String>,
    grams: Vec<(String, Array2<f32>)>,
}

impl Taps {
    /// Nothing is recorded.
    pub fn none() -> Self {
        Self::default()
    }

    /// These layers are recorded.
    pub fn of(layers: &[String]) -> Self {
        Self { wanted: layers.to_vec(), ..Self::default() }
    }

    /// The same, and Gram matrices of these layers.
    #[must_use]
    pub fn with_grams(self, layers: &[String]) -> Self {
        Self { wanted_grams: layers.to_vec(), ..self }
    }

    /// What is recorded stays a function of the images, for gradients.
    #[must_use]
    pub fn with_graph(self) -> Self {
        Self { keeps_graph: true, ..self }
    }

    /// Called by a network with the output (n, c, h, w) of each of its layers.
    ///
    /// # Errors
    ///
    /// The output has not four axes.
    pub fn record(&mut self, layer: &str, output: &Tensor) -> Result<()> {
        if self.wanted.iter().any(|wanted| wanted == layer) {
            let pooled = match self.keeps_graph {
                true => global_avg_pool(output)?,
                false => global_avg_pool(&output.detach())?,
            };
            self.recorded.push((layer.to_owned(), pooled));
        }
        if self.wanted_grams.iter().any(|wanted| wanted == layer) {
            self.grams.push((layer.to_owned(), gram::row_sums(output)?));
        }
        Ok(())
    }

    /// Takes out what was kept of Gram matrices, in the network's order.
    pub fn take_grams(&mut self) -> Vec<(String, Array2<f32>)> {
        std::mem::take(&mut self.grams)
    }

    /// What was recorded, in the network's order.
    pub fn into_recorded(self) -> Vec<(String, Tensor)> {
        self.recorded
    }
}
