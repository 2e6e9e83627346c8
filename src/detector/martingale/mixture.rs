//! The simple mixture: the mean of power martingales, ε = 0.01, 0.02, …, 1.

use serde::{Deserialize, Serialize};

use super::power::Power;

/// The power martingales.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    powers: Vec<Power>,
}

/// How many they are.
const EPSILONS: usize = 100;

fn epsilons() -> impl Iterator<Item = f64> {
    (1..=EPSILONS).map(|hundredths| hundredths as f64 / 100.0)
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
        Self { powers: epsilons().map(Power::new).collect() }
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
        self.powers.iter_mut().for_each(|power| {
            power.bet(p);
        });
        self.log()
    }

    /// Whether it is the mixture of these martingales.
    pub(super) fn is_sound(&self) -> bool {
        self.powers.len() == EPSILONS && self.powers.iter().zip(epsilons()).all(|(power, own)| power.is_sound(own))
    }

    /// The logarithm of what there is.
    #[must_use]
    pub fn log(&self) -> f64 {
        let largest = self.powers.iter().map(Power::log).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = self.powers.iter().map(|power| (power.log() - largest).exp()).sum();
        largest + (sum / self.powers.len() as f64).ln()
    }
}
