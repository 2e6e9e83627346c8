//! One cycle (Smith and Topin 2017, "Super-Convergence"): the rate rises to its peak and falls far below where it began, step by
//! step, while the momentum does the opposite.
//!
//! ```text
//! first = peak / first_divisor        last = first / last_divisor        top = rise·T − 1, T the steps of the run
//! step t ≤ top:  rate = anneal(first, peak, t / top)                 momentum = anneal(μ + swing, μ − swing, t / top)
//! later:         rate = anneal(peak, last, (t − top) / (T − 1 − top))    momentum back again
//! anneal(a, b, s) = b + (a − b)·(1 + cos πs) / 2
//! ```
//!
//! as `torch.optim.lr_scheduler.OneCycleLR` computes it with its defaults, which anneals by the cosine in both directions; the
//! paper's rise is a line. Where the rise is shorter than a step it is left out.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::anneal::anneal;
use super::place::Place;

/// Up and down once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneCycle {
    /// The share of the run's steps in which the rate rises (PyTorch's `pct_start`).
    pub rise: f64,
    /// The peak is so many times the first rate (`div_factor`).
    pub first_divisor: f64,
    /// The first rate is so many times the last (`final_div_factor`).
    pub last_divisor: f64,
    /// How far the momentum lies above the recipe's where the rate is low, and below it at the peak; 0 leaves it constant. PyTorch's
    /// `base_momentum` 0.85 and `max_momentum` 0.95 are 0.05 around 0.9.
    pub momentum_swing: f64,
}

impl OneCycle {
    /// PyTorch's defaults.
    pub const TORCH: Self = Self { rise: 0.3, first_divisor: 25.0, last_divisor: 1e4, momentum_swing: 0.05 };

    pub(super) fn rate(&self, peak: f64, place: Place, epochs: usize) -> f64 {
        let first = peak / self.first_divisor;
        self.between([first, peak, first / self.last_divisor], place, epochs)
    }

    pub(super) fn momentum(&self, mean: f64, place: Place, epochs: usize) -> f64 {
        let (high, low) = (mean + self.momentum_swing, mean - self.momentum_swing);
        self.between([high, low, high], place, epochs)
    }

    /// The value of a step, of those at the beginning, at the top and at the end.
    fn between(&self, [first, top, last]: [f64; 3], place: Place, epochs: usize) -> f64 {
        let (step, all) = place.in_run(epochs);
        // It may lie between two steps, or before the first.
        let summit = self.rise * all - 1.0;
        match summit > 0.0 && step <= summit {
            true => anneal(first, top, step / summit),
            false => anneal(top, last, (step - summit) / (all - 1.0 - summit)),
        }
    }
}

impl fmt::Display for OneCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "as the peak of one cycle, from 1/{} of it up in {} of the steps and down to 1/{} of where it began",
            self.first_divisor, self.rise, self.last_divisor
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 20 steps in 4 epochs; the top is step 5.
    fn at(step: usize) -> (f64, f64) {
        let (place, cycle) = (Place { epoch: step / 5, step: step % 5, steps: 5 }, OneCycle::TORCH);
        (cycle.rate(0.1, place, 4), cycle.momentum(0.9, place, 4))
    }

    #[test]
    fn the_formula_holds_at_the_corners_and_half_way() {
        let close = |(rate, momentum): (f64, f64), expected: (f64, f64)| {
            let close = (rate - expected.0).abs() < 1e-15 && (momentum - expected.1).abs() < 1e-15;
            assert!(close, "{rate} {momentum}, not {expected:?}");
        };
        close(at(0), (0.1 / 25.0, 0.95));
        close(at(5), (0.1, 0.85));
        close(at(12), ((0.1 + 4e-7) / 2.0, 0.9));
        close(at(19), (0.1 / 25.0 / 1e4, 0.95));
        for step in 0..19 {
            assert_eq!(at(step).0 < at(step + 1).0, step < 5, "{step}");
            assert_eq!(at(step).1 > at(step + 1).1, step < 5, "{step}");
        }
    }

    /// Also where a rise of `rise`·T = 1 step would begin at its end.
    #[test]
    fn runs_shorter_than_the_rise_have_rates() {
        for (epochs, rise) in [(1, 0.3), (2, 0.5), (3, 0.3), (1, 0.0), (4, 0.25)] {
            let cycle = OneCycle { rise, ..OneCycle::TORCH };
            let last = Place { epoch: epochs - 1, step: 0, steps: 1 };
            for epoch in 0..epochs {
                let rate = cycle.rate(0.1, Place { epoch, ..last }, epochs);
                assert!(rate > 0.0 && rate < 0.1 + 1e-15, "{epochs} {rise}: {rate}");
            }
            assert!((cycle.rate(0.1, last, epochs) - 4e-7).abs() < 1e-15);
        }
    }
}
