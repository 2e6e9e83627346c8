//! Features divided by their norms.

use ndarray::Array2;

use super::super::settings::{SettingError, Settings};
use super::super::{Need, State, StateError};
use super::{Features, FittedStep, Step, StepEntry};
use crate::fit::{FitError, Training};
use crate::numeric::vector::unit_rows;

pub(super) const STEP: StepEntry = StepEntry {
    id: "normalise",
    formula: "f/‖f‖₂; a zero vector stays zero",
    reference: "Müller & Hein, Mahalanobis++: Improving OOD Detection via Feature Normalization, ICML 2025, arXiv:2505.18032",
    parameters: &[],
    build,
};

#[derive(Clone, Copy)]
struct Normalise;

fn build(_: &Settings) -> Result<Box<dyn Step>, SettingError> {
    Ok(Box::new(Normalise))
}

impl Step for Normalise {
    fn needs(&self) -> &[Need] {
        &[]
    }

    fn fit(&self, _: &Training<'_>, _: &mut Vec<String>) -> Result<Box<dyn FittedStep>, FitError> {
        Ok(Box::new(Self))
    }

    fn restore(&self, _: &mut State<'_>) -> Result<Box<dyn FittedStep>, StateError> {
        Ok(Box::new(Self))
    }
}

impl FittedStep for Normalise {
    fn features<'f>(&self, features: &'f Array2<f64>) -> Features<'f> {
        Features::New(unit_rows(features))
    }

    fn save(&self) -> State<'_> {
        State::new()
    }
}
