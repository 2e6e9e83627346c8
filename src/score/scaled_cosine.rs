#![doc = include_str!("scaled_cosine.md")]

use super::cosine::LargestCosine;
use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::vector::unit_rows;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "scaled_cosine",
    title: "Scaled cosine",
    aliases: &[],
    reference: "Techapanurak et al., Hyperparameter-Free Out-of-Distribution Detection Using Cosine Similarity, ACCV 2020, arXiv:1905.10628",
    page: include_str!("scaled_cosine.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
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
        let directions = unit_rows(training.linear_head()?.0).into_array();
        Ok(Fit::new(LargestCosine { directions }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(LargestCosine { directions: state.matrix("directions")? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::RowBlock;
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let scaled_cosine = LargestCosine { directions: array![[1.0, 0.0], [0.0, 1.0]] };
        let features = Rows::F64(Cow2::Owned(array![[3.0, 4.0], [0.0, 0.0], [-1.0, -1.0]]));
        let mut out = [0.0; 3];
        scaled_cosine.score_block(&RowBlock::new(3, None, Some(features), None), &mut out);
        assert!((out[0] - 0.8).abs() < 1e-15);
        assert_eq!(out[1], 0.0);
        assert!((out[2] + 0.5_f64.sqrt()).abs() < 1e-15);
    }
}
