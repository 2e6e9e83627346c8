//! The learning rate of each step, and the momentum where a schedule moves it.
//!
//! The paper trains 300 epochs from 0.1, times 0.1 after 150, 200 and 250. [`Schedule::scaled`] keeps these
//! fractions (1/2, 2/3, 5/6) for shorter runs. [`Schedule::one_cycle`] and [`Schedule::cosine`] are made for few epochs; their
//! rates change with every step.

mod anneal;
mod cosine;
mod one_cycle;
mod place;
mod preset;
mod shape;
mod steps;
mod stored;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use cosine::Cosine;
pub use one_cycle::OneCycle;
pub use place::Place;
pub use preset::{Preset, PresetKind};
pub use shape::Shape;
pub use steps::Steps;

use shape::Rule;
use stored::Stored;

/// The rates of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Schedule {
    /// Number of epochs.
    pub epochs: usize,
    /// The highest rate: the first one, but for [`Shape::OneCycle`], whose peak it is.
    pub rate: f64,
    /// How the rate goes from there.
    pub shape: Shape,
}

/// The paper's number of epochs.
pub const PAPER_EPOCHS: usize = 300;

/// The paper's rate, and that of the presets.
const RATE: f64 = 0.1;

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
    /// use oodbench_train::schedule::{Schedule, Shape, Steps};
    ///
    /// assert_eq!(Schedule::scaled(30).shape, Shape::Steps(Steps::after(vec![15, 20, 25])));
    /// ```
    #[must_use]
    pub fn scaled(epochs: usize) -> Self {
        Self { epochs, rate: RATE, shape: Shape::Steps(Steps::paper(epochs)) }
    }

    /// One cycle with PyTorch's defaults, whose peak is the paper's rate.
    #[must_use]
    pub fn one_cycle(epochs: usize) -> Self {
        Self { epochs, rate: RATE, shape: Shape::OneCycle(OneCycle::TORCH) }
    }

    /// From the paper's rate along a cosine to 0.
    #[must_use]
    pub fn cosine(epochs: usize) -> Self {
        Self { epochs, rate: RATE, shape: Shape::Cosine(Cosine::TO_ZERO) }
    }

    /// The rate of a step.
    #[must_use]
    pub fn rate_at(&self, place: Place) -> f64 {
        match &self.shape {
            Shape::Steps(steps) => steps.rate(self.rate, place),
            Shape::OneCycle(cycle) => cycle.rate(self.rate, place, self.epochs),
            Shape::Cosine(cosine) => cosine.rate(self.rate, place, self.epochs),
        }
    }

    /// The momentum of a step, in a run whose recipe says `momentum`.
    #[must_use]
    pub fn momentum_at(&self, place: Place, momentum: f64) -> f64 {
        match &self.shape {
            Shape::Steps(_) | Shape::Cosine(_) => momentum,
            Shape::OneCycle(cycle) => cycle.momentum(momentum, place, self.epochs),
        }
    }

    /// What holds of a schedule, in a run of that momentum.
    pub(super) fn rules(&self, momentum: f64) -> Vec<Rule> {
        let Self { epochs, rate, shape } = self;
        let mut rules = vec![
            (*epochs >= 1, "schedule.epochs", epochs.to_string(), "at least 1"),
            (*rate > 0.0 && rate.is_finite(), "schedule.rate", rate.to_string(), "a number above 0"),
        ];
        rules.extend(shape.rules(*rate, momentum));
        rules
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} epochs, rate {} {}", self.epochs, self.rate, self.shape)
    }
}

impl From<Schedule> for Stored {
    fn from(schedule: Schedule) -> Self {
        Self::new(schedule.epochs, schedule.rate, schedule.shape)
    }
}

impl TryFrom<Stored> for Schedule {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Ok(Self { epochs: stored.epochs, rate: stored.rate, shape: stored.shape()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a file of an earlier version has it, some without `warm_up`.
    const EARLIER: &str = "epochs = 10\nrate = 0.1\nmilestones = [5, 6, 8]\ngamma = 0.1\n";

    #[test]
    fn milestones_are_stored_as_they_were_and_other_shapes_as_tables() {
        assert_eq!(toml::from_str::<Schedule>(EARLIER).unwrap(), Schedule::scaled(10));
        assert_eq!(toml::to_string(&Schedule::scaled(10)).unwrap(), format!("{EARLIER}warm_up = 0\n"));
        let warmed = Steps { warm_up: 1, ..Steps::paper(10) };
        let expected = Schedule { shape: Shape::Steps(warmed), ..Schedule::scaled(10) };
        assert_eq!(toml::from_str::<Schedule>(&format!("{EARLIER}warm_up = 1\n")).unwrap(), expected);
        for (schedule, table) in [
            (
                Schedule::one_cycle(15),
                "[one_cycle]\nrise = 0.3\nfirst_divisor = 25.0\nlast_divisor = 10000.0\nmomentum_swing = 0.05\n",
            ),
            (Schedule::cosine(15), "[cosine]\nlowest = 0.0\n"),
        ] {
            let text = toml::to_string(&schedule).unwrap();
            assert_eq!(text, format!("epochs = 15\nrate = 0.1\n\n{table}"));
            assert_eq!(toml::from_str::<Schedule>(&text).unwrap(), schedule);
            let json = serde_json::to_string(&schedule).unwrap();
            assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule, "{json}");
        }
    }

    #[test]
    fn a_schedule_is_said_in_words() {
        for (schedule, expected) in [
            (Schedule::scaled(8), "8 epochs, rate 0.1 times 0.1 after epochs [4, 5, 6]"),
            (
                Schedule::one_cycle(15),
                "15 epochs, rate 0.1 as the peak of one cycle, from 1/25 of it up in 0.3 of the steps and down to 1/10000 of \
                 where it began",
            ),
            (Schedule::cosine(15), "15 epochs, rate 0.1 along half a cosine down to 0"),
        ] {
            assert_eq!(schedule.to_string(), expected);
        }
    }

    #[test]
    fn schedules_of_no_shape_or_of_two_are_refused() {
        for wrong in [
            "epochs = 10\nrate = 0.1\n".to_owned(),
            "epochs = 10\nrate = 0.1\ngamma = 0.1\n".to_owned(),
            format!("{EARLIER}[cosine]\nlowest = 0.0\n"),
            "epochs = 10\nrate = 0.1\nwarm_up = 1\n[cosine]\nlowest = 0.0\n".to_owned(),
        ] {
            let error = toml::from_str::<Schedule>(&wrong).unwrap_err().to_string();
            assert!(error.contains("expected one of: milestones with gamma, one_cycle, cosine"), "{wrong}: {error}");
        }
        for unknown in ["lowst = 0.0\n", "[cosine]\nlowest = 0.0\nlow = 1.0\n", "[one-cycle]\nrise = 0.3\n"] {
            assert!(toml::from_str::<Schedule>(&format!("epochs = 10\nrate = 0.1\n{unknown}")).is_err(), "{unknown}");
        }
    }
}
