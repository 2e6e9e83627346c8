//! The simple jumper: capital on ε = −1, 0 and 1, each betting 1 + ε·(p − ½), a hundredth of it changing sides before every bet.

use serde::{Deserialize, Serialize};

/// The share of the capital that changes sides, J.
const JUMP: f64 = 0.01;
const EPSILONS: [f64; 3] = [-1.0, 0.0, 1.0];

/// The capital, as shares of its sum and the logarithm of that.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jumper {
    shares: [f64; 3],
    log: f64,
}

impl Default for Jumper {
    fn default() -> Self {
        Self::new()
    }
}

impl Jumper {
    /// As much on every side.
    #[must_use]
    pub fn new() -> Self {
        Self { shares: [1.0 / 3.0; 3], log: 0.0 }
    }

    /// Whether the shares are shares, and the sum is finite.
    pub(super) fn is_sound(&self) -> bool {
        let sum: f64 = self.shares.iter().sum();
        self.shares.iter().all(|share| *share >= 0.0) && (sum - 1.0).abs() < 1e-9 && self.log.is_finite()
    }

    /// The logarithm of what there is.
    #[must_use]
    pub fn log(&self) -> f64 {
        self.log
    }

    /// Bets on a p-value; the logarithm of what there is now.
    ///
    /// ```
    /// use oodbench::detector::martingale::jumper::Jumper;
    /// let mut jumper = Jumper::new();
    /// let logs = [0.5, 0.1, 0.01, 0.9].map(|p| jumper.bet(p));
    /// assert!((logs[3].exp() - 0.895_456).abs() < 1e-6);
    /// ```
    pub fn bet(&mut self, p: f64) -> f64 {
        for (share, epsilon) in self.shares.iter_mut().zip(EPSILONS) {
            *share = ((1.0 - JUMP) * *share + JUMP / 3.0) * (1.0 + epsilon * (p - 0.5));
        }
        let sum: f64 = self.shares.iter().sum();
        self.shares.iter_mut().for_each(|share| *share /= sum);
        self.log += sum.ln();
        self.log
    }
}
