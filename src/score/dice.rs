#![doc = include_str!("dice.md")]

use std::borrow::Cow;

use ndarray::Array2;

use super::assumption::Assumption;
use super::count::Count;
use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::step::energy::energy_after;
use super::step::{Features, FittedStep, Step, StepEntry};
use super::{Score, State, StateError};
use crate::fit::percentile::percentiles_of;
use crate::fit::{FitError, Training};
use crate::rows::Head;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "dice",
    title: "DICE",
    aliases: &[],
    reference: "Sun & Li, DICE: Leveraging Sparsification for Out-of-Distribution Detection, ECCV 2022, arXiv:2111.09805",
    page: include_str!("dice.md"),
    parameters: &[Parameter {
        name: "p",
        default: "0.9",
        help: "weights whose contribution is up to this percentile of all contributions become 0; from 0 to 1",
        grid: &["0.1", "0.3", "0.5", "0.7", "0.9"],
        counts: Some(Count::PercentileOfWeights),
    }],
    build,
    caution: no_caution,
    assumes: &[Assumption::NonNegativeFeatures],
};

/// The step that is DICE with the energy behind it.
pub(super) const STEP: StepEntry = StepEntry {
    id: ENTRY.id,
    formula: "f as it is; of the head's weights those become 0 whose contribution w_cj · mean f_j is up to the percentile of all contributions",
    reference: ENTRY.reference,
    parameters: ENTRY.parameters,
    build: build_step,
};

struct Dice {
    share: f64,
}

fn build_step(settings: &Settings) -> Result<Box<dyn Step>, SettingError> {
    let share = settings.number("p", "a number from 0 to 1", |p: &f64| (0.0..=1.0).contains(p))?;
    Ok(Box::new(Dice { share }))
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(energy_after(build_step(settings)?, &[Need::Features, Need::LinearHead, Need::TrainFeatures]))
}

impl Step for Dice {
    fn needs(&self) -> &[Need] {
        &[Need::LinearHead, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>, _: &mut Vec<String>) -> Result<Box<dyn FittedStep>, FitError> {
        let (weight, bias) = training.linear_head()?;
        let sparse = sparsify(weight, &(weight * training.mean()?), self.share);
        Ok(Box::new(Sparse { head: Head::Linear { weight: sparse, bias: bias.clone() } }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn FittedStep>, StateError> {
        let (weight, bias) = (state.matrix("weight")?, state.vector("bias")?);
        Ok(Box::new(Sparse { head: Head::Linear { weight, bias } }))
    }
}

/// The weights (C, D) whose contribution (C, D) is above the percentile; zero elsewhere.
fn sparsify(weight: &Array2<f64>, contribution: &Array2<f64>, percentile: f64) -> Array2<f64> {
    let limit = percentiles_of(contribution, &[percentile])[0];
    let mut sparse = weight.clone();
    sparse.zip_mut_with(contribution, |weight, &contribution| {
        if contribution <= limit {
            *weight = 0.0;
        }
    });
    sparse
}

struct Sparse {
    head: Head,
}

impl FittedStep for Sparse {
    fn features<'f>(&self, features: &'f Array2<f64>) -> Features<'f> {
        Features::Same(features)
    }

    fn head<'h>(&'h self, _: &'h Head) -> Cow<'h, Head> {
        Cow::Borrowed(&self.head)
    }

    fn save(&self) -> State<'_> {
        match &self.head {
            Head::Linear { weight, bias } => State::new().with("weight", weight).with("bias", bias),
            Head::Prototypes { .. } | Head::NormalisedPrototypes { .. } => State::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// The weights of the page's example.
    #[test]
    fn example_by_hand() {
        let weight = array![[1.0, 2.0], [-1.0, 1.0]];
        let sparse = sparsify(&weight, &(&weight * &array![3.0, 1.0]), 0.5);
        assert_eq!(sparse, array![[1.0, 2.0], [0.0, 0.0]]);
    }
}
