//! The simple mixture: the mean of power martingales, ε = 0.01, 0.02, …, 1.

use serde::{Deserialize, Serialize};

use super::power::Power;

/// The power martingales.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    powers: Vec<Power>,
}

impl Default for Mixture {
    fn default() -> Self {
        Self::new()
    }
}

impl Mixture {
    /// None has bet yet.
    #[must_use]
    pub fn new() -> Self {
        Self { powers: (1..=100).map(|hundredths| Power::new(f64::from(hundredths) / 100.0)).collect() }
    }

    /// Bets on a p-value; the logarithm of what there is now.
    ///
    /// ```
    /// use oodbench::detector::martingale::mixture::Mixture;
    /// let mut mixture = Mixture::new();
    /// let logs = [0.5, 0.1, 0.01, 0.9].map(|p| mixture.bet(p));
    /// assert!((logs[3].exp() - 1.736_304_08).abs() < 1e-8);
    /// ```
    pub fn bet(&mut self, p: f64) -> f64 {
        let largest = self.powers.iter_mut().map(|power| power.bet(p)).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = self.powers.iter().map(|power| (power.log() - largest).exp()).sum();
        largest + (sum / self.powers.len() as f64).ln()
    }
}
