//! Features clipped to what is typical of each column.

use ndarray::{Array1, Array2};

use super::super::settings::{Parameter, SettingError, Settings};
use super::super::{Need, State, StateError};
use super::{Features, FittedStep, Step, StepEntry};
use crate::fit::{FitError, Space, Training};
use crate::numeric::recycled::RecycledMatrix;

pub(super) const STEP: StepEntry = StepEntry {
    id: "bats",
    formula: "each f_j clipped to μ_j ± λ σ_j, mean and standard deviation of training feature j",
    reference: "Zhu et al., Boosting Out-of-distribution Detection with Typical Features, NeurIPS 2022, arXiv:2210.04200",
    parameters: &[Parameter {
        name: "lambda",
        default: "1.05",
        help: "λ, a number above 0",
        grid: &["0.5", "1.05", "2", "3"],
        counts: None,
    }],
    build,
};

struct Bats {
    lambda: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Step>, SettingError> {
    let lambda = settings.number("lambda", "a finite number above 0", |l: &f64| *l > 0.0 && l.is_finite())?;
    Ok(Box::new(Bats { lambda }))
}

impl Step for Bats {
    fn needs(&self) -> &[Need] {
        &[Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>, _: &mut Vec<String>) -> Result<Box<dyn FittedStep>, FitError> {
        let gaussian = training.gaussian(Space::Raw)?;
        let spread = gaussian.covariance.diag().mapv(|variance| self.lambda * variance.max(0.0).sqrt());
        Ok(Box::new(Clipped { low: &gaussian.mean - &spread, high: &gaussian.mean + &spread }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn FittedStep>, StateError> {
        Ok(Box::new(Clipped { low: state.vector("low")?, high: state.vector("high")? }))
    }
}

struct Clipped {
    low: Array1<f64>,
    high: Array1<f64>,
}

impl FittedStep for Clipped {
    fn features<'f>(&self, features: &'f Array2<f64>) -> Features<'f> {
        let mut clipped = RecycledMatrix::of(&features.view());
        for mut row in clipped.rows_mut() {
            row.iter_mut()
                .zip(self.low.iter().zip(&self.high))
                .for_each(|(f, (low, high))| *f = f.max(*low).min(*high));
        }
        Features::New(clipped)
    }

    fn save(&self) -> State<'_> {
        State::new().with("low", &self.low).with("high", &self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn each_column_has_its_own_range() {
        let clipped = Clipped { low: array![0.0, -1.0], high: array![2.0, 1.0] };
        assert_eq!(*clipped.features(&array![[3.0, -2.0], [1.0, 0.5]]), array![[2.0, -1.0], [1.0, 0.5]]);
    }
}
