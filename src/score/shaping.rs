//! Activation shaping: what ASH and SCALE have in common.

use ndarray::Array2;

use super::count::Count;
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::step::energy::energy_after;
use super::step::{Features, FittedStep, Step};
use super::{Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::largest::Largest;
use crate::numeric::recycled::RecycledMatrix;
use crate::rows::ArrayKind;

/// Changes one row of features, given what finds its largest ones.
pub(super) type Shape = fn(row: &mut [f64], largest: &mut Largest);

/// Features shaped row by row; nothing is learnt from training rows.
#[derive(Clone, Copy)]
struct Shaping {
    score: &'static str,
    /// Share of the features that are not among the largest.
    share: f64,
    shape: Shape,
}

/// The parameter all of them have.
pub(super) const fn share(default: &'static str) -> Parameter {
    Parameter {
        name: "p",
        default,
        help: "share of the features that are not among the largest, from 0 to below 1",
        grid: &["0.6", "0.65", "0.7", "0.75", "0.8", "0.85", "0.9", "0.95"],
        counts: Some(Count::ShareOfColumns),
    }
}

/// A step that shapes.
pub(super) fn step(score: &'static str, settings: &Settings, shape: Shape) -> Result<Box<dyn Step>, SettingError> {
    let share = settings.number("p", "a number from 0 to below 1", |p: &f64| (0.0..1.0).contains(p))?;
    Ok(Box::new(Shaping { score, share, shape }))
}

/// The energy behind it.
pub(super) fn build(step: Box<dyn Step>) -> Box<dyn Score> {
    energy_after(step, &[Need::Features, Need::LinearHead])
}

/// The largest exponent of a factor: beyond it `exp` has no `f64`.
const LARGEST_EXPONENT: f64 = 700.0;

/// `exp(s1/s2)` of the sum of all features and the sum of the largest; 1 where s2 = 0.
pub(super) fn sharpening(all: f64, largest: f64) -> f64 {
    if largest == 0.0 { 1.0 } else { (all / largest).min(LARGEST_EXPONENT).exp() }
}

impl Step for Shaping {
    fn needs(&self) -> &[Need] {
        &[]
    }

    fn fit(&self, training: &Training<'_>, _: &mut Vec<String>) -> Result<Box<dyn FittedStep>, FitError> {
        let columns = training.rows().columns(&ArrayKind::Features).unwrap_or(0);
        // Halves to even, as Python rounds.
        let count = columns - (columns as f64 * self.share).round_ties_even() as usize;
        if count == 0 {
            let reason = format!("p = {} of {columns} features leaves none; set {}.p lower", self.share, self.score);
            return Err(training.not_applicable(self.score, reason));
        }
        Ok(Box::new(FittedShaping { count, shape: self.shape }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn FittedStep>, StateError> {
        Ok(Box::new(FittedShaping { count: state.count("count")?, shape: self.shape }))
    }
}

struct FittedShaping {
    count: usize,
    shape: Shape,
}

impl FittedStep for FittedShaping {
    fn features<'f>(&self, features: &'f Array2<f64>) -> Features<'f> {
        let mut features = RecycledMatrix::of(&features.view());
        let mut largest = Largest::new(self.count);
        for mut row in features.rows_mut() {
            if let Some(row) = row.as_slice_mut() {
                (self.shape)(row, &mut largest);
            }
        }
        Features::New(features)
    }

    fn save(&self) -> State<'_> {
        State::new().with_number("count", self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;
    use crate::score::{ash_b, ash_p, ash_s, scale};
    use ndarray::array;

    /// The examples of the pages, through the head: D = 4, p = 0.5, W = I.
    #[test]
    fn examples_by_hand() {
        let run = HandDump::new(&ndarray::Array2::eye(4), &ndarray::Array1::zeros(4), &array![[1.0, 3.0, 0.0, 2.0]]);
        for (entry, expected) in
            [(ash_s::ENTRY, 9.99595), (ash_b::ENTRY, 3.74173), (ash_p::ENTRY, 3.38353), (scale::ENTRY, 9.99717)]
        {
            let score = run.scores(&entry, &[("p", "0.5")], array![[1.0, 3.0, 0.0, 2.0]])[0];
            assert!((score - expected).abs() < 5e-6, "{}: {score}", entry.id);
            assert!((entry.caution)(&run.dump).is_none());
        }
    }

    /// D·p = 2.5 rounds to 2 and 3.5 to 4, so 3 of 5 and 3 of 7 are kept; 4·0.9 = 3.6 rounds to 4 and keeps none.
    #[test]
    fn counts_round_halves_to_even() {
        let fitted = |columns: usize, p: &str| {
            let (weight, bias) = (ndarray::Array2::ones((1, columns)), array![0.0]);
            let run = HandDump::new(&weight, &bias, &ndarray::Array2::ones((1, columns)));
            run.fit(&ash_p::ENTRY, &[("p", p)]).map(|_| run.scores(&ash_p::ENTRY, &[("p", p)], weight)[0])
        };
        assert_eq!((fitted(5, "0.5").unwrap(), fitted(7, "0.5").unwrap()), (3.0, 3.0));
        assert!(matches!(fitted(4, "0.9"), Err(FitError::NotApplicable { score: "ash_p", .. })));
    }

    #[test]
    fn factors_are_finite() {
        assert_eq!(sharpening(0.0, 0.0), 1.0);
        assert_eq!(sharpening(3.0, 2.0), 1.5_f64.exp());
        assert_eq!(sharpening(1.0, 5e-324), LARGEST_EXPONENT.exp());
        assert!(sharpening(-1e300, 1e-300) == 0.0);
    }
}
