//! The learning rate of each epoch: constant between milestones and multiplied by γ at each.
//!
//! The paper trains 300 epochs from 0.1, times 0.1 after 150, 200 and 250. [`Schedule::scaled`] keeps these
//! fractions (1/2, 2/3, 5/6) for shorter runs.

use serde::{Deserialize, Serialize};

/// A multi-step schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Number of epochs.
    pub epochs: usize,
    /// The rate of the first epochs.
    pub rate: f64,
    /// Numbers of epochs after which the rate is multiplied by [`gamma`](Self::gamma), increasing.
    pub milestones: Vec<usize>,
    /// What the rate is multiplied by.
    pub gamma: f64,
    /// How many first epochs run at a tenth of the rate. The authors' code does so for one epoch of SoftMax,
    /// ResNet-110, CIFAR-100 and nowhere else.
    #[serde(default)]
    pub warm_up: usize,
}

/// The paper's number of epochs.
pub const PAPER_EPOCHS: usize = 300;

impl Schedule {
    /// The paper's: 300 epochs, rate 0.1, times 0.1 after 150, 200 and 250.
    #[must_use]
    pub fn paper() -> Self {
        Self::scaled(PAPER_EPOCHS)
    }

    /// The paper's schedule with another number of epochs and milestones at the same fractions of it.
    ///
    /// # Example
    /// ```
    /// use oodbench_train::schedule::Schedule;
    ///
    /// assert_eq!(Schedule::scaled(30).milestones, [15, 20, 25]);
    /// ```
    #[must_use]
    pub fn scaled(epochs: usize) -> Self {
        let mut milestones = vec![epochs / 2, epochs * 2 / 3, epochs * 5 / 6];
        milestones.retain(|&epoch| epoch > 0);
        milestones.dedup();
        Self { epochs, rate: 0.1, milestones, gamma: 0.1, warm_up: 0 }
    }

    /// The preset of that name: `paper`, or `paper-N` for [`scaled`](Self::scaled) to N epochs.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        match name.strip_prefix("paper")? {
            "" => Some(Self::paper()),
            suffix => match suffix.strip_prefix('-')?.parse() {
                Ok(epochs @ 1..) => Some(Self::scaled(epochs)),
                _ => None,
            },
        }
    }

    /// The rate in `epoch`, counted from 0.
    #[must_use]
    pub fn rate_in(&self, epoch: usize) -> f64 {
        let passed = self.milestones.iter().filter(|&&milestone| milestone <= epoch).count();
        let warm_up = if epoch < self.warm_up { 0.1 } else { 1.0 };
        warm_up * self.rate * self.gamma.powi(passed as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates printed by torch 2.11.0's `MultiStepLR(milestones=[150, 200, 250], gamma=0.1)` from 0.1.
    #[test]
    fn the_paper_schedule_is_pytorch_s() {
        let schedule = Schedule::paper();
        let close = |epoch, rate: f64| assert!((schedule.rate_in(epoch) - rate).abs() < 1e-15, "{epoch}");
        for (epoch, rate) in [(0, 1e-1), (149, 1e-1), (150, 1e-2), (199, 1e-2), (200, 1e-3), (250, 1e-4), (299, 1e-4)] {
            close(epoch, rate);
        }
        assert_eq!((schedule.epochs, schedule.milestones), (300, vec![150, 200, 250]));
    }

    #[test]
    fn presets_scale_down_to_one_epoch() {
        assert_eq!(Schedule::preset("paper"), Some(Schedule::paper()));
        assert_eq!(Schedule::preset("paper-6").unwrap().milestones, [3, 4, 5]);
        assert_eq!(Schedule::preset("paper-2").unwrap().milestones, [1]);
        assert!(Schedule::preset("paper-1").unwrap().milestones.is_empty());
        for wrong in ["paper-0", "paper-", "paper6", "paper-x", "quick", ""] {
            assert_eq!(Schedule::preset(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn warm_up_runs_at_a_tenth() {
        let schedule = Schedule { warm_up: 1, ..Schedule::paper() };
        assert!((schedule.rate_in(0) - 0.01).abs() < 1e-15 && (schedule.rate_in(1) - 0.1).abs() < 1e-15);
    }
}
