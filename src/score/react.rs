#![doc = include_str!("react.md")]

use ndarray::Array2;

use super::count::Count;
use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::step::energy::energy_after;
use super::step::{Features, FittedStep, Step, StepEntry};
use super::{Score, State, StateError};
use crate::fit::percentile::feature_percentiles;
use crate::fit::{FitError, Training};
use crate::numeric::recycled::RecycledMatrix;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "react",
    title: "ReAct",
    aliases: &[],
    reference: "Sun et al., ReAct: Out-of-distribution Detection With Rectified Activations, NeurIPS 2021, arXiv:2111.12797",
    page: include_str!("react.md"),
    parameters: &[Parameter {
        name: "percentile",
        default: "0.9",
        help: "features are clipped at this percentile of all training features; from 0 to 1",
        grid: &["0.8", "0.85", "0.9", "0.95", "0.99"],
        counts: Some(Count::PercentileOfFeatures),
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

/// The step that is ReAct with the energy behind it.
pub(super) const STEP: StepEntry = StepEntry {
    id: ENTRY.id,
    formula: "min(f, c), c the percentile of all training features",
    reference: ENTRY.reference,
    parameters: ENTRY.parameters,
    build: build_step,
};

struct React {
    percentile: f64,
}

fn build_step(settings: &Settings) -> Result<Box<dyn Step>, SettingError> {
    let percentile = settings.number("percentile", "a number from 0 to 1", |p: &f64| (0.0..=1.0).contains(p))?;
    Ok(Box::new(React { percentile }))
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(energy_after(build_step(settings)?, &[Need::Features, Need::LinearHead, Need::TrainFeatures]))
}

impl Step for React {
    fn needs(&self) -> &[Need] {
        &[Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>, _: &mut Vec<String>) -> Result<Box<dyn FittedStep>, FitError> {
        let limit = feature_percentiles(training, &[self.percentile])?[0];
        Ok(Box::new(Clipped { limit }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn FittedStep>, StateError> {
        Ok(Box::new(Clipped { limit: state.number("limit")? }))
    }
}

struct Clipped {
    limit: f64,
}

impl FittedStep for Clipped {
    fn features<'f>(&self, features: &'f Array2<f64>) -> Features<'f> {
        Features::New(RecycledMatrix::mapped(features, |f| f.min(self.limit)))
    }

    fn save(&self) -> State<'_> {
        State::new().with_number("limit", self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let run = HandDump::new(&Array2::eye(2), &array![0.0, 0.0], &array![[2.0, 1.0], [2.0, 0.0]]);
        let scores = run.scores(&ENTRY, &[("percentile", "1")], array![[5.0, 2.0]]);
        assert!((scores[0] - (2.0 + 2.0_f64.ln())).abs() < 1e-15);
    }
}
