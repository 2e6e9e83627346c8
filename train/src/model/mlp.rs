//! Two hidden layers for vectors, such as the features of another network.
//!
//! ```text
//! [linear, 256 → ReLU] → [linear, 128 → ReLU] = features (128)
//! ```
//!
//! Dropout, where asked for, stands before the second layer and before the head.

use super::{Backbone, NetworkEntry, Taps};
use crate::data::element::Input;
use crate::nn::{Builder, Dropout, Linear, Mode};
use candle_core::{Result, Tensor};

const WIDTHS: [usize; 2] = [256, 128];

/// The network in the list.
pub static ENTRY: NetworkEntry = NetworkEntry {
    id: "mlp",
    summary: "two hidden layers, for vectors",
    input: Input::Vectors,
    build: |builder, length| Ok(Box::new(Mlp::new(builder, length)?)),
};

/// The network.
pub struct Mlp {
    layers: [Linear; 2],
    dropout: Dropout,
}

impl Mlp {
    /// A network for vectors of that length.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn new(builder: &mut Builder, length: usize) -> Result<Self> {
        let first = Linear::new(builder, "fc1", [length, WIDTHS[0]])?;
        let second = Linear::new(builder, "fc2", WIDTHS)?;
        Ok(Self { layers: [first, second], dropout: builder.dropout() })
    }
}

impl Backbone for Mlp {
    fn features(&self) -> usize {
        WIDTHS[1]
    }

    fn layers(&self) -> Vec<String> {
        vec!["hidden".to_owned()]
    }

    fn forward(&self, vectors: &Tensor, mode: Mode, taps: &mut Taps) -> Result<Tensor> {
        let hidden = self.layers[0].forward(&vectors.flatten_from(1)?)?.relu()?;
        taps.record("hidden", &hidden.reshape((hidden.dim(0)?, WIDTHS[0], 1, 1))?)?;
        self.layers[1].forward(&self.dropout.forward(&hidden, mode)?)?.relu()
    }
}
