#![doc = include_str!("scaled_cosine.md")]

use ndarray::Array2;

use super::need::Need;
use super::registry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::dump::RowBlock;
use crate::fit::{FitError, Training};
use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::row_product::row_product;

/// The registry's entry.
pub const ENTRY: ScoreEntry = ScoreEntry {
    id: "scaled_cosine",
    title: "Scaled cosine",
    aliases: &[],
    reference: "Techapanurak et al., Hyperparameter-Free Out-of-Distribution Detection Using Cosine Similarity, ACCV 2020, arXiv:1905.10628",
    page: include_str!("scaled_cosine.md"),
    parameters: &[],
    build,
    caution: no_caution,
};

struct ScaledCosine;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(ScaledCosine))
}

impl Score for ScaledCosine {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::LinearHead]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let mut directions = training.linear_head()?.0.clone();
        for mut row in directions.rows_mut() {
            let norm = row.dot(&row).sqrt();
            if norm > 0.0 {
                row /= norm;
            }
        }
        Ok(Fit { scorer: Box::new(FittedScaledCosine { directions }), notes: Vec::new() })
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedScaledCosine { directions: state.matrix("directions")? }))
    }
}

struct FittedScaledCosine {
    /// The weights of each class, of length 1 (C, D).
    directions: Array2<f64>,
}

impl Fitted for FittedScaledCosine {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let features = block.features();
        let along = row_product(&features.view(), &self.directions.t(), Factor::Full, Threads::One);
        for ((out, feature), along) in out.iter_mut().zip(features.rows()).zip(along.rows()) {
            let norm = feature.dot(&feature).sqrt();
            let largest = along.fold(f64::NEG_INFINITY, |largest, value| value.max(largest));
            *out = if norm > 0.0 { largest / norm } else { 0.0 };
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("directions", &self.directions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::matrix::{Cow2, Rows};
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let scaled_cosine = FittedScaledCosine { directions: array![[1.0, 0.0], [0.0, 1.0]] };
        let features = Rows::F64(Cow2::Owned(array![[3.0, 4.0], [0.0, 0.0], [-1.0, -1.0]]));
        let mut out = [0.0; 3];
        scaled_cosine.score_block(&RowBlock::new(3, None, Some(features), None), &mut out);
        assert!((out[0] - 0.8).abs() < 1e-15);
        assert_eq!(out[1], 0.0);
        assert!((out[2] + 0.5_f64.sqrt()).abs() < 1e-15);
    }
}
