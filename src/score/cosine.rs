#![doc = include_str!("cosine.md")]

use ndarray::Array2;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{ClassMeans, FitError, Training};
use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::row_product::row_product;
use crate::numeric::vector::unit_rows;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "cosine",
    title: "Cosine to class means",
    aliases: &["class_mean_cosine"],
    reference: "Müller & Hein, Mahalanobis++: Improving OOD Detection via Feature Normalization, ICML 2025, arXiv:2505.18032 (code)",
    page: include_str!("cosine.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Cosine;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Cosine))
}

impl Score for Cosine {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures, Need::TrainLabels]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let directions = unit_rows(&ClassMeans::fit(training)?.means).into_array();
        Ok(Fit::new(LargestCosine { directions }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(LargestCosine { directions: state.matrix("directions")? }))
    }
}

/// The largest cosine of the features with one of several directions.
pub(super) struct LargestCosine {
    /// Vectors of length 1 (C, D).
    pub(super) directions: Array2<f64>,
}

impl Fitted for LargestCosine {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let features = block.unit_features().view();
        let cosines = row_product(&features, &self.directions.t(), Factor::Full, Threads::One);
        for (out, cosines) in out.iter_mut().zip(cosines.rows()) {
            *out = cosines.fold(f64::NEG_INFINITY, |largest, cosine| largest.max(*cosine));
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("directions", &self.directions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::Example;
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let example = Example {
            train: array![[1.0, 0.0], [3.0, 0.0], [-1.0, 1.0], [1.0, 1.0]],
            labels: vec![0, 0, 1, 1],
            features: array![[3.0, 4.0], [4.0, -3.0], [0.0, 0.0]],
            logits: None,
        };
        example.gives(&ENTRY, &[], &[0.8, 0.8, 0.0], 1e-15);
    }
}
