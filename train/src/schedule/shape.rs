//! How the rate goes through a run.

use std::fmt;

use super::cosine::Cosine;
use super::one_cycle::OneCycle;
use super::steps::Steps;

/// How the rate goes through a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Constant between milestones.
    Steps(Steps),
    /// Up and down once, step by step.
    OneCycle(OneCycle),
    /// Down along a cosine, step by step.
    Cosine(Cosine),
}

/// Whether a setting is right, its name, its value, and what it may be.
pub(crate) type Rule = (bool, &'static str, String, &'static str);

impl Shape {
    /// What holds of it in a run of that highest rate and momentum.
    pub(super) fn rules(&self, highest: f64, momentum: f64) -> Vec<Rule> {
        let divides = |divisor: f64| divisor >= 1.0 && divisor.is_finite();
        match self {
            Self::Steps(Steps { milestones, gamma, .. }) => vec![
                (*gamma > 0.0 && *gamma <= 1.0, "schedule.gamma", gamma.to_string(), "above 0 and at most 1"),
                (
                    milestones.is_sorted_by(|a, b| a < b),
                    "schedule.milestones",
                    format!("{milestones:?}"),
                    "increasing epochs",
                ),
            ],
            Self::OneCycle(cycle) => {
                let OneCycle { rise, first_divisor, last_divisor, momentum_swing } = *cycle;
                let swings = (0.0..=momentum).contains(&momentum_swing) && momentum + momentum_swing < 1.0;
                vec![
                    ((0.0..1.0).contains(&rise), "schedule.one_cycle.rise", rise.to_string(), "0 or more and below 1"),
                    (
                        divides(first_divisor),
                        "schedule.one_cycle.first_divisor",
                        first_divisor.to_string(),
                        "1 or more",
                    ),
                    (divides(last_divisor), "schedule.one_cycle.last_divisor", last_divisor.to_string(), "1 or more"),
                    (
                        swings,
                        "schedule.one_cycle.momentum_swing",
                        momentum_swing.to_string(),
                        "0 or more, at most the momentum, and both together below 1",
                    ),
                ]
            }
            Self::Cosine(Cosine { lowest }) => vec![(
                (0.0..=highest).contains(lowest),
                "schedule.cosine.lowest",
                lowest.to_string(),
                "0 or more and at most the rate",
            )],
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(steps) => write!(f, "{steps}"),
            Self::OneCycle(cycle) => write!(f, "{cycle}"),
            Self::Cosine(cosine) => write!(f, "{cosine}"),
        }
    }
}
