#![doc = include_str!("nci.md")]

use ndarray::{Array1, Array2};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::recycled::Recycled;
use crate::numeric::vector::{dot, norm};
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "nci",
    title: "NCI",
    aliases: &["neural_collapse_inspired"],
    reference: "Liu & Qin, Detecting Out-of-Distribution through the Lens of Neural Collapse, CVPR 2025, arXiv:2311.01479",
    page: include_str!("nci.md"),
    parameters: &[Parameter {
        name: "alpha",
        default: "1e-4",
        help: "weight of the features' 1-norm, at least 0",
        grid: &["0", "1e-4", "1e-3", "1e-2"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct NeuralCollapse {
    alpha: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let alpha = settings.number("alpha", "a finite number of at least 0", |a: &f64| *a >= 0.0 && a.is_finite())?;
    Ok(Box::new(NeuralCollapse { alpha }))
}

impl Score for NeuralCollapse {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::Logits, Need::LinearHead, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (weight, _) = training.linear_head()?;
        let (mean, weight) = (training.mean()?.clone(), weight.as_standard_layout().into_owned());
        Ok(Fit::new(Collapsed { alpha: self.alpha, mean, weight }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (mean, weight) = (state.vector("mean")?, state.matrix("weight")?);
        Ok(Box::new(Collapsed { alpha: self.alpha, mean, weight }))
    }
}

struct Collapsed {
    alpha: f64,
    /// `μ` (D).
    mean: Array1<f64>,
    /// The head's weights (C, D).
    weight: Array2<f64>,
}

impl Fitted for Collapsed {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let mut centred = Recycled::filled(0.0, self.mean.len());
        for ((out, feature), top) in out.iter_mut().zip(block.features().rows()).zip(block.tops()) {
            centred.iter_mut().zip(feature).zip(&self.mean).for_each(|((to, f), mean)| *to = f - mean);
            let distance = norm(&centred);
            let aligned = dot(&centred, self.weight.row(top.index).to_slice().unwrap_or_default());
            let proximity = if distance > 0.0 { aligned / distance } else { 0.0 };
            *out = proximity + self.alpha * feature.iter().map(|value| value.abs()).sum::<f64>();
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("mean", &self.mean).with("weight", &self.weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    /// The example of the page, and a feature at the mean.
    #[test]
    fn example_by_hand() {
        let nci = Collapsed { alpha: 0.5, mean: array![1.0, 0.0], weight: array![[9.0, 9.0], [2.0, 1.0]] };
        let logits = Rows::F32(Cow2::Owned(array![[0.0, 1.0], [1.0, 0.0]]));
        let features = Rows::F64(Cow2::Owned(array![[4.0, -4.0], [1.0, 0.0]]));
        let mut out = [0.0; 2];
        nci.score_block(&RowBlock::new(2, Some(logits), Some(features), None), &mut out);
        assert!((out[0] - 4.4).abs() < 1e-15 && out[1] == 0.5, "{out:?}");
    }
}
