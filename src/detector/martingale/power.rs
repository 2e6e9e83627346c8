//! The power martingale: ∏ ε·p^(ε − 1), which earns on small p-values.

use serde::{Deserialize, Serialize};

/// One ε and what it has earned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Power {
    epsilon: f64,
    log: f64,
}

impl Power {
    /// With an ε above 0, at most 1: the smaller, the more it bets on p near 0; 1 does not bet.
    #[must_use]
    pub fn new(epsilon: f64) -> Self {
        Self { epsilon, log: 0.0 }
    }

    /// Bets on a p-value; the logarithm of what there is now.
    ///
    /// ```
    /// use oodbench::detector::martingale::power::Power;
    /// let mut power = Power::new(0.5);
    /// let logs = [0.5, 0.1, 0.01, 0.9].map(|p| power.bet(p));
    /// assert!((logs[3].exp() - 2.946_278_25).abs() < 1e-8);
    /// ```
    pub fn bet(&mut self, p: f64) -> f64 {
        self.log += self.epsilon.ln() + (self.epsilon - 1.0) * p.ln();
        self.log
    }

    /// Whether it bets with this ε and has earned something finite.
    pub(super) fn is_sound(&self, epsilon: f64) -> bool {
        self.epsilon == epsilon && self.log.is_finite()
    }

    /// The logarithm of what there is.
    #[must_use]
    pub fn log(&self) -> f64 {
        self.log
    }
}
