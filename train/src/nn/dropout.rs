//! Dropout (Srivastava et al. 2014): values are set to 0 at random, and the others grow so that the mean stays.
//!
//! ```text
//! y = m ∘ x / (1 − p)        m_i = 0 with probability p, else 1
//! ```
//!
//! Masks come from one stream of random numbers for a network. Who trains or samples starts it anew at points that have a number (an epoch, a pass over
//! a batch), so that a run that goes on, and a dump that is made again, draw the same masks.

use super::Mode;
use candle_core::{Result, Tensor};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::sync::{Arc, Mutex, PoisonError};

/// A dropout layer; all of a network share their random numbers.
#[derive(Clone, Debug)]
pub struct Dropout {
    rate: f64,
    stream: Arc<Mutex<ChaCha8Rng>>,
}

impl Dropout {
    /// Layers that drop a value with probability `rate`, from 0 to below 1.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        Self { rate, stream: Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(0))) }
    }

    /// The probability that a value is dropped.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Starts the random numbers of this and all layers that share them anew: what follows depends on `seed` and `part` alone.
    pub fn start(&self, seed: u64, part: u64) {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        // Order, crops and flips of an epoch are drawn from the streams below, of the same seed.
        stream.set_stream(part | 1 << 63);
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = stream;
    }

    /// `x` with values dropped, or as it is in evaluation.
    ///
    /// # Errors
    ///
    /// The device has no room for the mask.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        if self.rate == 0.0 || mode == Mode::Eval {
            return Ok(x.clone());
        }
        let kept = (1.0 / (1.0 - self.rate)) as f32;
        let mask: Vec<f32> = {
            let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
            (0..x.elem_count()).map(|_| if stream.random_bool(self.rate) { 0.0 } else { kept }).collect()
        };
        x.mul(&Tensor::from_vec(mask, x.shape(), x.device())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};

    /// An epoch's masks say nothing of its order, and its order nothing of its masks.
    #[test]
    fn masks_do_not_use_the_random_numbers_of_order_and_crops() {
        let (seed, epoch) = (7, 3);
        let dropout = Dropout::new(0.5);
        dropout.start(seed, epoch);
        let ones = Tensor::ones(64, DType::F32, &Device::Cpu).unwrap();
        let mask: Vec<f32> = dropout.forward(&ones, Mode::Train).unwrap().to_vec1().unwrap();
        let mut of_the_order = ChaCha8Rng::seed_from_u64(seed);
        of_the_order.set_stream(epoch);
        let order: Vec<f32> = (0..64).map(|_| if of_the_order.random_bool(0.5) { 0.0 } else { 2.0 }).collect();
        assert_ne!(mask, order);
    }
}
