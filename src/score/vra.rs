#![doc = include_str!("vra.md")]

use ndarray::Array2;

use super::assumption::Assumption;
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
    id: "vra",
    title: "VRA",
    aliases: &["vra_p"],
    reference: "Xu et al., VRA: Variational Rectified Activation for Out-of-distribution Detection, NeurIPS 2023, arXiv:2302.11716",
    page: include_str!("vra.md"),
    parameters: &[
        Parameter {
            name: "low",
            default: "0.6",
            help: "features below this percentile of all training features become 0; from 0 to `high`",
            grid: &["0.4", "0.5", "0.6", "0.7"],
            counts: Some(Count::PercentileOfFeatures),
        },
        Parameter {
            name: "high",
            default: "0.9",
            help: "features are clipped at this percentile of all training features; from `low` to 1",
            grid: &["0.8", "0.85", "0.9", "0.95", "0.99"],
            counts: Some(Count::PercentileOfFeatures),
        },
    ],
    build,
    caution: no_caution,
    assumes: &[Assumption::NonNegativeFeatures],
};

/// The step that is VRA with the energy behind it.
pub(super) const STEP: StepEntry = StepEntry {
    id: ENTRY.id,
    formula: "0 if f < l, min(f, h) elsewhere, l and h percentiles of all training features",
    reference: ENTRY.reference,
    parameters: ENTRY.parameters,
    build: build_step,
};

struct Vra {
    low: f64,
    high: f64,
}

fn build_step(settings: &Settings) -> Result<Box<dyn Step>, SettingError> {
    let high = settings.number("high", "a number from 0 to 1", |p: &f64| (0.0..=1.0).contains(p))?;
    let expected = format!("a number from 0 to vra.high = {high}");
    let low = settings.number("low", &expected, |p: &f64| (0.0..=high).contains(p))?;
    Ok(Box::new(Vra { low, high }))
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(energy_after(build_step(settings)?, &[Need::Features, Need::LinearHead, Need::TrainFeatures]))
}

impl Step for Vra {
    fn needs(&self) -> &[Need] {
        &[Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>, _: &mut Vec<String>) -> Result<Box<dyn FittedStep>, FitError> {
        let limits = feature_percentiles(training, &[self.low, self.high])?;
        Ok(Box::new(Rectified { low: limits[0], high: limits[1] }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn FittedStep>, StateError> {
        Ok(Box::new(Rectified { low: state.number("low")?, high: state.number("high")? }))
    }
}

struct Rectified {
    low: f64,
    high: f64,
}

impl FittedStep for Rectified {
    fn features<'f>(&self, features: &'f Array2<f64>) -> Features<'f> {
        Features::New(RecycledMatrix::mapped(features, |f| if f < self.low { 0.0 } else { f.min(self.high) }))
    }

    fn save(&self) -> State<'_> {
        State::new().with_number("low", self.low).with_number("high", self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::ScoreEntry;
    use ndarray::array;

    /// The features of the page's example.
    #[test]
    fn example_by_hand() {
        let vra = Rectified { low: 1.0, high: 2.0 };
        assert_eq!(*vra.features(&array![[5.0, 2.0, 0.5]]), array![[2.0, 2.0, 0.0]]);
    }

    #[test]
    fn percentiles_out_of_order_are_refused() {
        let entry: ScoreEntry = ENTRY;
        let mut settings = entry.settings();
        settings.set("low", "0.95").unwrap();
        let error = (entry.build)(&settings).err().unwrap().to_string();
        assert!(error.ends_with("found \"0.95\", expected a number from 0 to vra.high = 0.9"), "{error}");
    }
}
