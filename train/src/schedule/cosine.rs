//! Half a wave of the cosine (Loshchilov and Hutter 2017, "SGDR", without restarts), step by step.
//!
//! ```text
//! rate = lowest + (highest − lowest)·(1 + cos(πt/T)) / 2,   T the steps of the run
//! ```
//!
//! as `torch.optim.lr_scheduler.CosineAnnealingLR` with `T_max` = T: [`lowest`](Cosine::lowest) is what step T would have.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::anneal::anneal;
use super::place::Place;

/// From the highest rate down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cosine {
    /// The rate that it falls to (`eta_min`).
    pub lowest: f64,
}

impl Cosine {
    /// Down to 0, as PyTorch's default has it.
    pub const TO_ZERO: Self = Self { lowest: 0.0 };

    pub(super) fn rate(&self, highest: f64, place: Place, epochs: usize) -> f64 {
        let (step, all) = place.in_run(epochs);
        anneal(highest, self.lowest, step / all)
    }
}

impl fmt::Display for Cosine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "along half a cosine down to {}", self.lowest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_at_the_highest_is_half_way_in_the_middle_and_never_zero() {
        let at = |step: usize, cosine: Cosine| cosine.rate(0.1, Place { epoch: step / 4, step: step % 4, steps: 4 }, 5);
        assert!((at(0, Cosine::TO_ZERO) - 0.1).abs() < 1e-15);
        assert!(
            (at(10, Cosine::TO_ZERO) - 0.05).abs() < 1e-15 && (at(10, Cosine { lowest: 0.02 }) - 0.06).abs() < 1e-15
        );
        for step in 0..19 {
            assert!(at(step, Cosine::TO_ZERO) > at(step + 1, Cosine::TO_ZERO), "{step}");
        }
        assert!(at(19, Cosine::TO_ZERO) > 0.0);
    }
}
