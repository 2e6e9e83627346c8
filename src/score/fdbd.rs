#![doc = include_str!("fdbd.md")]

use std::borrow::Cow;
use std::sync::OnceLock;

use ndarray::{Array1, Array2, ArrayView1};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::recycled::Recycled;
use crate::rows::{RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "fdbd",
    title: "fDBD",
    aliases: &[],
    reference: "Liu & Qin, Fast Decision Boundary based Out-of-Distribution Detector, ICML 2024, arXiv:2312.11536",
    page: include_str!("fdbd.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

struct BoundaryDistance;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(BoundaryDistance))
}

impl Score for BoundaryDistance {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::Features, Need::LinearHead, Need::TrainFeatures]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        (run.classes == Some(1)).then(|| "one class has no decision boundary".to_owned())
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (weight, _) = training.linear_head()?;
        training.refuse(ENTRY.id, self.obstacle(training.rows()))?;
        let gaps = Gaps::new(weight.as_standard_layout().into_owned());
        Ok(Fit::new(FittedBoundaryDistance { mean: training.mean()?.clone(), gaps }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (mean, weight) = (state.vector("mean")?, state.matrix("weight")?);
        Ok(Box::new(FittedBoundaryDistance { mean, gaps: Gaps::new(weight) }))
    }
}

/// `1/‖w_a − w_b‖` of the classes, 0 for equal weights: what turns a difference of logits into a distance to the boundary of two classes.
///
/// A row of it is computed when the first row of that class is scored and kept while all kept rows take no more than [`MOST_BYTES`]; beyond that it is computed
/// again for every block of rows. Computed either way it has the same bits.
struct Gaps {
    weight: Array2<f64>,
    /// A place for every class whose row may be kept, which are those of the lowest indices.
    kept: Vec<OnceLock<Vec<f64>>>,
}

/// What distances of weights may take: all of 5,792 classes, and the first 1,536 of 21,841.
const MOST_BYTES: usize = 256 << 20;

impl Gaps {
    fn new(weight: Array2<f64>) -> Self {
        let classes = weight.nrows();
        let kept = classes.min(MOST_BYTES / (size_of::<f64>() * classes.max(1)));
        Self { weight, kept: (0..kept).map(|_| OnceLock::new()).collect() }
    }

    /// The distances of one class to all.
    fn of(&self, class: usize) -> Cow<'_, [f64]> {
        match self.kept.get(class) {
            Some(row) => Cow::Borrowed(row.get_or_init(|| self.compute(class))),
            None => Cow::Owned(self.compute(class)),
        }
    }

    fn compute(&self, class: usize) -> Vec<f64> {
        let own = self.weight.row(class);
        let inverse_gap = |other: ArrayView1<'_, f64>| {
            let gap = own.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
            if gap > 0.0 { 1.0 / gap } else { 0.0 }
        };
        self.weight.rows().into_iter().map(inverse_gap).collect()
    }
}

/// The least distance to the mean that is divided by.
const LEAST_DISTANCE: f64 = 1e-12;

struct FittedBoundaryDistance {
    mean: Array1<f64>,
    gaps: Gaps,
}

impl Fitted for FittedBoundaryDistance {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let tops = block.tops();
        // Rows of one class after another, so that distances that are not kept are computed once per block and class.
        let mut order: Recycled<usize> = (0..tops.len()).collect();
        order.sort_by_key(|&row| tops[row].index);
        let features = block.features();
        let mut score = |row: usize, logits: &[f64], inverse_gaps: &[f64]| {
            let boundaries = logits.iter().zip(inverse_gaps);
            let distances: f64 = boundaries.map(|(z, inverse)| (tops[row].value - z) * inverse).sum();
            let squared: f64 = features.row(row).iter().zip(&self.mean).map(|(f, mean)| (f - mean) * (f - mean)).sum();
            out[row] = distances / ((logits.len() - 1) as f64 * squared.sqrt().max(LEAST_DISTANCE));
        };
        let logits = block.logits().to_recycled();
        for rows in order.chunk_by(|&a, &b| tops[a].index == tops[b].index) {
            let inverse_gaps = self.gaps.of(tops[rows[0]].index);
            rows.iter().for_each(|&row| score(row, logits.row(row).to_slice().unwrap_or_default(), &inverse_gaps));
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("mean", &self.mean).with("weight", &self.gaps.weight)
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
        let fdbd = FittedBoundaryDistance { mean: array![0.0, 1.0], gaps: Gaps::new(weight) };
        let logits = Rows::F32(Cow2::Owned(array![[4.0, -4.0, 3.0]]));
        let features = Rows::F64(Cow2::Owned(array![[4.0, 4.0]]));
        let mut out = [0.0];
        fdbd.score_block(&RowBlock::new(1, Some(logits), Some(features), None), &mut out);
        assert!((out[0] - 0.4).abs() < 1e-15);
    }
}
