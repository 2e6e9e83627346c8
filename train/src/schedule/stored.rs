//! A schedule as recipes and checkpoints have it: milestones stand in it by themselves, as they did when there was nothing else, and
//! every other shape is a table of its own name.

use serde::{Deserialize, Serialize};

use super::cosine::Cosine;
use super::one_cycle::OneCycle;
use super::shape::Shape;
use super::steps::Steps;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    pub(super) epochs: usize,
    pub(super) rate: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    milestones: Option<Vec<usize>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gamma: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warm_up: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    one_cycle: Option<OneCycle>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cosine: Option<Cosine>,
}

impl Stored {
    pub(super) fn new(epochs: usize, rate: f64, shape: Shape) -> Self {
        let empty = Self { epochs, rate, milestones: None, gamma: None, warm_up: None, one_cycle: None, cosine: None };
        match shape {
            Shape::Steps(Steps { milestones, gamma, warm_up }) => {
                Self { milestones: Some(milestones), gamma: Some(gamma), warm_up: Some(warm_up), ..empty }
            }
            Shape::OneCycle(cycle) => Self { one_cycle: Some(cycle), ..empty },
            Shape::Cosine(cosine) => Self { cosine: Some(cosine), ..empty },
        }
    }

    /// The one shape that it has.
    pub(super) fn shape(self) -> Result<Shape, &'static str> {
        match (self.milestones, self.gamma, self.warm_up, self.one_cycle, self.cosine) {
            (Some(milestones), Some(gamma), warm_up, None, None) => {
                Ok(Shape::Steps(Steps { milestones, gamma, warm_up: warm_up.unwrap_or(0) }))
            }
            (None, None, None, Some(cycle), None) => Ok(Shape::OneCycle(cycle)),
            (None, None, None, None, Some(cosine)) => Ok(Shape::Cosine(cosine)),
            _ => Err("expected one of: milestones with gamma, one_cycle, cosine"),
        }
    }
}
