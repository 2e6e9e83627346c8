#![doc = include_str!("dice.md")]

use ndarray::Array2;

use super::count::Count;
use super::entry::{ScoreEntry, no_caution};
use super::head_energy::head_energy;
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::percentile::percentiles_of;
use crate::fit::{FitError, Training};
use crate::rows::{Head, RowBlock};

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
};

struct Dice {
    share: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let share = settings.number("p", "a number from 0 to 1", |p: &f64| (0.0..=1.0).contains(p))?;
    Ok(Box::new(Dice { share }))
}

impl Score for Dice {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::LinearHead, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (weight, bias) = training.linear_head()?;
        let sparse = sparsify(weight, &(weight * training.mean()?), self.share);
        let head = Head::Linear { weight: sparse, bias: bias.clone() };
        Ok(Fit::new(FittedDice { head }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (weight, bias) = (state.matrix("weight")?, state.vector("bias")?);
        Ok(Box::new(FittedDice { head: Head::Linear { weight, bias } }))
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

struct FittedDice {
    head: Head,
}

impl Fitted for FittedDice {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        head_energy(&self.head, block.features(), out);
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
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let weight = array![[1.0, 2.0], [-1.0, 1.0]];
        let sparse = sparsify(&weight, &(&weight * &array![3.0, 1.0]), 0.5);
        assert_eq!(sparse, array![[1.0, 2.0], [0.0, 0.0]]);
        let features = Rows::F64(Cow2::Owned(array![[1.0, 1.0]]));
        let mut out = [0.0];
        let dice = FittedDice { head: Head::Linear { weight: sparse, bias: array![0.0, 0.0] } };
        dice.score_block(&RowBlock::new(1, None, Some(features), None), &mut out);
        assert!((out[0] - (3.0_f64.exp() + 1.0).ln()).abs() < 1e-15);
    }
}
