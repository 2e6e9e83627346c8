#![doc = include_str!("fdbd.md")]

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "fdbd",
    title: "fDBD",
    aliases: &[],
    reference: "Liu & Qin, Fast Decision Boundary based Out-of-Distribution Detector, ICML 2024, arXiv:2312.11536",
    page: include_str!("fdbd.md"),
    parameters: &[],
    build,
    caution: no_caution,
};

struct BoundaryDistance;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(BoundaryDistance))
}

impl Score for BoundaryDistance {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::Features, Need::LinearHead, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (weight, _) = training.linear_head()?;
        if weight.nrows() < 2 {
            return Err(training.not_applicable(ENTRY.id, "one class has no decision boundary".to_owned()));
        }
        let (mean, inverse_gaps) = (training.mean()?.clone(), inverse_gaps(weight));
        Ok(Fit { scorer: Box::new(FittedBoundaryDistance { mean, inverse_gaps }), notes: Vec::new() })
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (mean, inverse_gaps) = (state.vector("mean")?, state.matrix("inverse_gaps")?);
        Ok(Box::new(FittedBoundaryDistance { mean, inverse_gaps }))
    }
}

/// `1/‖w_a − w_b‖` (C, C), 0 for equal weights: what turns a difference of logits into a distance to the boundary of two classes.
fn inverse_gaps(weight: &Array2<f64>) -> Array2<f64> {
    let inverse_gap = |a: usize, b: usize| {
        let gap = weight.row(a).iter().zip(weight.row(b)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        if gap > 0.0 { 1.0 / gap } else { 0.0 }
    };
    let classes = weight.nrows();
    let all = (0..classes).into_par_iter().flat_map_iter(|a| (0..classes).map(move |b| inverse_gap(a, b))).collect();
    Array2::from_shape_vec((classes, classes), all).unwrap_or_default()
}

/// The least distance to the mean that is divided by.
const LEAST_DISTANCE: f64 = 1e-12;

struct FittedBoundaryDistance {
    mean: Array1<f64>,
    inverse_gaps: Array2<f64>,
}

impl Fitted for FittedBoundaryDistance {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let logits = block.logits().to_f64();
        let others = (logits.ncols() - 1) as f64;
        for (((out, row), top), feature) in
            out.iter_mut().zip(logits.rows()).zip(block.tops()).zip(block.features().rows())
        {
            let boundaries = row.iter().zip(self.inverse_gaps.row(top.index));
            let distances: f64 = boundaries.map(|(z, inverse)| (top.value - z) * inverse).sum();
            let squared: f64 = feature.iter().zip(&self.mean).map(|(f, mean)| (f - mean) * (f - mean)).sum();
            *out = distances / (others * squared.sqrt().max(LEAST_DISTANCE));
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("mean", &self.mean).with("inverse_gaps", &self.inverse_gaps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    /// The example of the page; the third class has the weights of the first.
    #[test]
    fn example_by_hand() {
        let weight = array![[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]];
        let fdbd = FittedBoundaryDistance { mean: array![0.0, 1.0], inverse_gaps: inverse_gaps(&weight) };
        let logits = Rows::F32(Cow2::Owned(array![[4.0, -4.0, 3.0]]));
        let features = Rows::F64(Cow2::Owned(array![[4.0, 4.0]]));
        let mut out = [0.0];
        fdbd.score_block(&RowBlock::new(1, Some(logits), Some(features), None), &mut out);
        assert!((out[0] - 0.4).abs() < 1e-15);
    }
}
