#![doc = include_str!("r_cosine.md")]

use ndarray::{Array2, ArrayView2};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::pieces::pieces;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{ClassMeans, FitError, Training};
use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::row_product::row_product;
use crate::numeric::softmax::softmax_at;
use crate::numeric::vector::unit_rows;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "r_cosine",
    title: "Relative cosine to class means",
    aliases: &["rcos", "relative_cosine"],
    reference: "Müller & Hein, Mahalanobis++: Improving OOD Detection via Feature Normalization, ICML 2025, arXiv:2505.18032 (code)",
    page: include_str!("r_cosine.md"),
    parameters: &[Parameter {
        name: "t",
        default: "1",
        help: "temperature T of the softmax, a number above 0",
        grid: &["0.01", "0.1", "1", "10"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

struct RelativeCosine {
    temperature: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let temperature = settings.number("t", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?;
    Ok(Box::new(RelativeCosine { temperature }))
}

impl Score for RelativeCosine {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures, Need::TrainLabels]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        Ok(Fit::new(LargestShare::new(&ClassMeans::fit(training)?.means, self.temperature)))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(LargestShare::restore(state, self.temperature)?))
    }
}

/// The largest softmax of the cosines with several directions.
pub(super) struct LargestShare {
    /// Vectors of length 1 (C, D).
    pub(super) directions: Array2<f64>,
    temperature: f64,
}

impl LargestShare {
    /// With the directions of vectors (C, D).
    pub(super) fn new(vectors: &Array2<f64>, temperature: f64) -> Self {
        Self { directions: unit_rows(vectors).into_array(), temperature }
    }

    /// What was saved; the temperature is a parameter, and none of it.
    pub(super) fn restore(state: &mut State<'_>, temperature: f64) -> Result<Self, StateError> {
        let directions = state.matrix("directions")?;
        if directions.is_empty() {
            return Err(StateError::other("directions", &directions, "a row for every class"));
        }
        Ok(Self { directions, temperature })
    }

    /// The share of every row of length 1 (n, D).
    pub(super) fn of_units(&self, units: &ArrayView2<'_, f64>, mut take: impl FnMut(usize, f64)) {
        let cosines = row_product(units, &self.directions.t(), Factor::Full, Threads::One);
        for (row, cosines) in cosines.rows().into_iter().enumerate() {
            take(row, softmax_at(cosines.to_slice().unwrap_or_default(), self.temperature).max_probability());
        }
    }
}

impl Fitted for LargestShare {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let mut first = 0;
        // The cosines of a whole block with many classes would not fit.
        pieces(block.unit_features(), self.directions.nrows(), |units| {
            self.of_units(&units.view(), |row, share| out[first + row] = share);
            first += units.nrows();
        });
    }

    fn save(&self) -> State<'_> {
        State::new().with("directions", &self.directions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::{Example, HandDump};
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let example = Example {
            train: array![[1.0, 0.0], [3.0, 0.0], [-1.0, 1.0], [1.0, 1.0]],
            labels: vec![0, 0, 1, 1],
            features: array![[3.0, 4.0], [0.0, 0.0]],
            logits: None,
        };
        example.gives(&ENTRY, &[], &[1.0 / (1.0 + (-0.2_f64).exp()), 0.5], 1e-15);
        example.gives(&ENTRY, &[("t", "0.1")], &[1.0 / (1.0 + (-2.0_f64).exp()), 0.5], 1e-14);
    }

    #[test]
    fn a_fit_without_classes_is_refused() {
        let none = Array2::<f64>::zeros((0, 2));
        let refused = LargestShare::restore(&mut State::new().with("directions", &none), 1.0).err();
        assert!(refused.is_some_and(|error| error.to_string().contains("a row for every class")));
    }

    #[test]
    fn golden() {
        HandDump::of_three_classes().gives(&ENTRY, &[], &[0.494_393_15, 0.352_953_08, 0.394_470_11], 5e-9);
    }
}
