#![doc = include_str!("caref.md")]

use ndarray::Array2;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::rows::{ArrayKind, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "caref",
    title: "CARef",
    aliases: &["class_aware_relative_feature"],
    reference: "Ling et al., CADRef: Robust Out-of-Distribution Detection via Class-Aware Decoupled Relative Feature Leveraging, CVPR 2025, arXiv:2503.00325",
    page: include_str!("caref.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

struct CaRef;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(CaRef))
}

/// The mean feature (C, D) of the training rows that are predicted as each class.
pub(super) fn means_of_predicted(score: &'static str, training: &Training<'_>) -> Result<Array2<f64>, FitError> {
    let (split, features) = training.features()?;
    let classes = training.rows().classes.unwrap_or(0);
    let (mut means, mut counts) = (Array2::<f64>::zeros((classes, features.columns())), vec![0_usize; classes]);
    for (_, block) in training.blocks(split, &[ArrayKind::Features, ArrayKind::Logits]) {
        for (feature, top) in block.features().rows().into_iter().zip(block.tops()) {
            counts[top.index] += 1;
            let mut mean = means.row_mut(top.index);
            mean += &feature;
        }
    }
    if let Some(class) = counts.iter().position(|&count| count == 0) {
        let reason = format!("no training row is predicted as class {class}, so it has no mean feature");
        return Err(training.not_applicable(score, reason));
    }
    means.rows_mut().into_iter().zip(counts).for_each(|(mut mean, count)| mean /= count as f64);
    Ok(means)
}

/// `a/b`, 0 where a is 0, at most the largest number.
pub(super) fn ratio(a: f64, b: f64) -> f64 {
    if a == 0.0 { 0.0 } else { (a / b).clamp(-f64::MAX, f64::MAX) }
}

impl Score for CaRef {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::Features, Need::TrainLogits, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        Ok(Fit::new(FittedCaRef { means: means_of_predicted(ENTRY.id, training)? }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedCaRef { means: state.matrix("means")? }))
    }
}

struct FittedCaRef {
    means: Array2<f64>,
}

impl Fitted for FittedCaRef {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        for ((out, row), top) in out.iter_mut().zip(block.features().rows()).zip(block.tops()) {
            let apart: f64 = row.iter().zip(self.means.row(top.index)).map(|(f, mean)| (f - mean).abs()).sum();
            *out = 0.0 - ratio(apart, row.iter().map(|f| f.abs()).sum());
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("means", &self.means)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;
    use ndarray::array;

    /// The rows of the run are predicted as their labels say.
    #[test]
    fn golden() {
        HandDump::of_three_classes().gives(&ENTRY, &[], &[-0.166_666_67, -0.875, -5.142_857_14], 5e-9);
    }

    /// The example of the page, and a zero vector.
    #[test]
    fn example_by_hand() {
        let run = HandDump::new(
            &array![[1.0, 0.0], [0.0, 1.0]],
            &array![0.0, 0.0],
            &array![[4.0, 0.0], [2.0, 2.0], [0.0, 4.0]],
        );
        let scores = run.scores(&ENTRY, &[], array![[2.0, 1.0], [0.0, 0.0]]);
        assert!((scores[0] + 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(scores[1], -f64::MAX);
    }
}
