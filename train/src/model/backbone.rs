//! What a network is below its head.

use candle_core::{Result, Tensor};

use super::Taps;
use crate::nn::Mode;

/// Images to features.
pub trait Backbone: Send + Sync {
    /// Length D of a feature vector.
    fn features(&self) -> usize;

    /// Names of the layers before the features, from the image on; what `taps` can ask for.
    fn layers(&self) -> Vec<String>;

    /// Names of the layers whose outputs have pixels, from the image on; what Gram matrices can be made of. The last one is among them, whose mean over
    /// pixels may be the features. None where there are no pixels.
    fn maps(&self) -> Vec<String> {
        Vec::new()
    }

    /// Features (n, D) of normalised images (n, channels, h, w).
    ///
    /// # Errors
    ///
    /// The images do not fit the network.
    fn forward(&self, images: &Tensor, mode: Mode, taps: &mut Taps) -> Result<Tensor>;
}
