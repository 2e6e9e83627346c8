//! Constant rates between milestones, multiplied by γ at each: the paper's schedule.

use std::fmt;

use super::place::Place;

/// Constant rates between milestones.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps {
    /// Numbers of epochs after which the rate is multiplied by [`gamma`](Self::gamma), increasing.
    pub milestones: Vec<usize>,
    /// What the rate is multiplied by.
    pub gamma: f64,
    /// How many first epochs run at a tenth of the rate. The authors' code does so for one epoch of SoftMax,
    /// ResNet-110, CIFAR-100 and nowhere else.
    pub warm_up: usize,
}

impl Steps {
    /// Times 0.1 after each of the milestones.
    #[must_use]
    pub fn after(milestones: Vec<usize>) -> Self {
        Self { milestones, gamma: 0.1, warm_up: 0 }
    }

    /// The paper's in a run of so many epochs: after 1/2, 2/3 and 5/6 of them.
    #[must_use]
    pub fn paper(epochs: usize) -> Self {
        let mut milestones = vec![epochs / 2, epochs * 2 / 3, epochs * 5 / 6];
        milestones.retain(|&epoch| epoch > 0);
        milestones.dedup();
        Self::after(milestones)
    }

    pub(super) fn rate(&self, highest: f64, place: Place) -> f64 {
        let passed = self.milestones.iter().filter(|&&milestone| milestone <= place.epoch).count();
        let warm_up = if place.epoch < self.warm_up { 0.1 } else { 1.0 };
        warm_up * highest * self.gamma.powi(passed as i32)
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "times {} after epochs {:?}", self.gamma, self.milestones)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(steps: &Steps, epoch: usize) -> f64 {
        steps.rate(0.1, Place { epoch, step: 7, steps: 10 })
    }

    /// Rates printed by torch 2.11.0's `MultiStepLR(milestones=[150, 200, 250], gamma=0.1)` from 0.1.
    #[test]
    fn the_paper_schedule_is_pytorch_s() {
        let paper = Steps::paper(300);
        for (epoch, expected) in
            [(0, 1e-1), (149, 1e-1), (150, 1e-2), (199, 1e-2), (200, 1e-3), (250, 1e-4), (299, 1e-4)]
        {
            assert!((rate(&paper, epoch) - expected).abs() < 1e-15, "{epoch}");
        }
        assert_eq!(paper.milestones, [150, 200, 250]);
    }

    #[test]
    fn warm_up_runs_at_a_tenth() {
        let steps = Steps { warm_up: 1, ..Steps::paper(300) };
        assert!((rate(&steps, 0) - 0.01).abs() < 1e-15 && (rate(&steps, 1) - 0.1).abs() < 1e-15);
    }
}
