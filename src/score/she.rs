#![doc = include_str!("she.md")]

use ndarray::{Array2, ArrayView1};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::vector::{dot, norm, squared_distance};
use crate::rows::{ArrayKind, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "she",
    title: "SHE",
    aliases: &["simplified_hopfield_energy"],
    reference: "Zhang et al., Out-of-Distribution Detection based on In-Distribution Data Patterns Memorization with Modern Hopfield Energy, ICLR 2023",
    page: include_str!("she.md"),
    parameters: &[Parameter {
        name: "metric",
        default: "inner_product",
        help: "how features are compared with the pattern: inner_product, euclidean or cosine",
        grid: &["inner_product", "euclidean", "cosine"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
enum Metric {
    InnerProduct,
    Euclidean,
    Cosine,
}

impl Metric {
    fn compare(self, feature: &[f64], pattern: &[f64]) -> f64 {
        match self {
            Self::InnerProduct => dot(feature, pattern),
            Self::Euclidean => -squared_distance(feature, pattern).sqrt(),
            Self::Cosine => {
                let (feature_norm, pattern_norm) = (norm(feature), norm(pattern));
                if feature_norm == 0.0 || pattern_norm == 0.0 {
                    return 0.0;
                }
                // One division after the other: the product of the norms may overflow.
                dot(feature, pattern) / feature_norm / pattern_norm
            }
        }
    }
}

#[derive(Clone, Copy)]
struct SimplifiedHopfieldEnergy {
    metric: Metric,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let metric = settings.choice(
        "metric",
        &[("inner_product", Metric::InnerProduct), ("euclidean", Metric::Euclidean), ("cosine", Metric::Cosine)],
    )?;
    Ok(Box::new(SimplifiedHopfieldEnergy { metric }))
}

impl Score for SimplifiedHopfieldEnergy {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::Logits, Need::TrainFeatures, Need::TrainLogits, Need::TrainLabels]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (split, features) = training.features()?;
        let labels = split.labels.as_ref().ok_or_else(|| training.missing_labels())?;
        let classes = training.rows().classes.unwrap_or(0);
        let mut patterns = Array2::<f64>::zeros((classes, features.columns()));
        let mut counts = vec![0_usize; classes];
        for (range, block) in training.blocks(split, &[ArrayKind::Features, ArrayKind::Logits]) {
            let truth = labels.block(range);
            for ((feature, top), label) in block.features().rows().into_iter().zip(block.tops()).zip(truth) {
                if top.index as i64 == label {
                    counts[top.index] += 1;
                    let mut pattern = patterns.row_mut(top.index);
                    pattern += &feature;
                }
            }
        }
        if let Some(class) = counts.iter().position(|&count| count == 0) {
            let reason =
                format!("class {class} has no training row that is classified correctly, so it has no pattern");
            return Err(training.not_applicable(ENTRY.id, reason));
        }
        for (mut pattern, &count) in patterns.rows_mut().into_iter().zip(&counts) {
            pattern /= count as f64;
        }
        Ok(Fit::new(Patterns { metric: self.metric, patterns }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(Patterns { metric: self.metric, patterns: state.matrix("patterns")? }))
    }
}

struct Patterns {
    metric: Metric,
    /// `S_c` (C, D).
    patterns: Array2<f64>,
}

impl Fitted for Patterns {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        for ((out, feature), top) in out.iter_mut().zip(block.features().rows()).zip(block.tops()) {
            *out = self.metric.compare(slice(feature), slice(self.patterns.row(top.index)));
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("patterns", &self.patterns)
    }
}

fn slice(row: ArrayView1<'_, f64>) -> &[f64] {
    row.to_slice().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    /// The example of the page; the other class' pattern is zero, and so is the second feature.
    #[test]
    fn example_by_hand() {
        for (metric, expected, of_zero) in [
            (Metric::InnerProduct, 11.0, 0.0),
            (Metric::Euclidean, -8.0_f64.sqrt(), 0.0),
            (Metric::Cosine, 11.0 / (5.0 * 5.0_f64.sqrt()), 0.0),
        ] {
            let patterns = Patterns { metric, patterns: array![[0.0, 0.0], [3.0, 4.0]] };
            let logits = Rows::F64(Cow2::Owned(array![[0.0, 1.0], [1.0, 0.0]]));
            let features = Rows::F64(Cow2::Owned(array![[1.0, 2.0], [0.0, 0.0]]));
            let mut out = [0.0; 2];
            patterns.score_block(&RowBlock::new(2, Some(logits), Some(features), None), &mut out);
            assert!((out[0] - expected).abs() < 1e-15 && out[1] == of_zero, "{out:?}");
        }
    }
}
