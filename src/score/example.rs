//! Runs small enough to compute a score by hand, for tests and the examples of the pages.

use ndarray::{Array1, Array2, array};

use super::{Fit, ScoreEntry};
use crate::dump::{Dump, RunInfo};
use crate::fit::{FitError, Training};
use crate::rows::matrix::{Cow2, Rows};
use crate::rows::{ArrayKind, Head, Labels, Matrix, Role, RowBlock, RunRows, Split, Texts};

/// A run in memory that scores are fitted on.
pub(super) struct HandDump {
    pub(super) dump: Dump,
}

impl HandDump {
    /// A run with a linear head and these training features; logits are what the head makes of them.
    pub(super) fn new(weight: &Array2<f64>, bias: &Array1<f64>, train: &Array2<f64>) -> Self {
        Self::of(train, None, Some(Head::Linear { weight: weight.clone(), bias: bias.clone() }))
    }

    /// A run with labelled training features and without a head.
    pub(super) fn labelled(train: &Array2<f64>, labels: &[i64]) -> Self {
        Self::of(train, Some(Labels::of("labels", labels.to_vec())), None)
    }

    /// Six labelled training rows of three classes under a linear head, and embeddings of texts: the run of the goldens that are printed with eight
    /// decimals.
    pub(super) fn of_three_classes() -> Self {
        let train = array![
            [2.0, 0.0, 1.0, 0.0],
            [3.0, 1.0, 0.0, 0.0],
            [0.0, 2.0, 0.0, 1.0],
            [1.0, 3.0, 0.0, 0.0],
            [0.0, 0.0, 2.0, 2.0],
            [0.0, 1.0, 3.0, 1.0]
        ];
        let weight = array![[1.0, -0.5, 0.0, -0.5], [-0.5, 1.0, -0.5, 0.0], [-0.5, 0.0, 1.0, 0.5]];
        let head = Head::Linear { weight, bias: array![0.1, 0.0, -0.1] };
        let half = 0.5_f64.sqrt();
        let texts = Texts {
            classes: array![[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, half, half]],
            negatives: Some(array![
                [1.0, 1.0, 0.0, 0.0],
                [0.0, 0.0, 0.0, 1.0],
                [1.0, 0.0, 1.0, 0.0],
                [0.0, 1.0, 1.0, 1.0]
            ]),
        };
        Self::of(&train, Some(Labels::of("labels", vec![0, 0, 1, 1, 2, 2])), Some(head)).with_texts(texts)
    }

    /// The same run with embeddings of texts.
    pub(super) fn with_texts(self, texts: Texts) -> Self {
        let Dump { info, rows, .. } = self.dump;
        Self { dump: Dump::from_parts(info, rows.with_texts(texts).unwrap()) }
    }

    /// Asserts the scores of the three rows that belong to [`HandDump::of_three_classes`].
    pub(super) fn gives(&self, entry: &ScoreEntry, set: &[(&str, &str)], expected: &[f64; 3], tolerance: f64) {
        let rows = array![[2.0, 0.5, 0.5, 0.0], [1.0, 1.0, 1.0, 1.0], [0.2, 0.0, 0.1, 0.4]];
        assert_all_near(entry, set, &self.scores(entry, set, rows), expected, tolerance);
    }

    fn of(train: &Array2<f64>, labels: Option<Labels>, head: Option<Head>) -> Self {
        let features = |role| {
            let matrix = Matrix::of("features", train.clone()).unwrap();
            Split::new(role, "by hand").with(ArrayKind::Features, matrix).unwrap()
        };
        let mut train = features(Role::Train);
        if let Some(labels) = labels {
            train = train.with_labels(labels).unwrap();
        }
        let rows = RunRows::new("by hand", vec![train, features(Role::Test)], head).unwrap();
        Self { dump: Dump::from_parts(RunInfo::default(), rows) }
    }

    /// The score fitted with these settings.
    pub(super) fn fit(&self, entry: &ScoreEntry, settings: &[(&str, &str)]) -> Result<Fit, FitError> {
        let mut values = entry.settings();
        settings.iter().for_each(|(name, value)| values.set(name, value).unwrap());
        (entry.build)(&values).unwrap().fit(&Training::new(&self.dump))
    }

    /// The scores of some features.
    pub(super) fn scores(&self, entry: &ScoreEntry, settings: &[(&str, &str)], features: Array2<f64>) -> Vec<f64> {
        self.scores_of(&self.fit(entry, settings).unwrap(), features, None)
    }

    fn scores_of(&self, fit: &Fit, features: Array2<f64>, logits: Option<Array2<f64>>) -> Vec<f64> {
        let mut out = vec![f64::NAN; features.nrows()];
        let rows = |array| Rows::F64(Cow2::Owned(array));
        let block = RowBlock::new(out.len(), logits.map(rows), Some(rows(features)), self.dump.head.as_ref());
        fit.scorer.score_block(&block, &mut out);
        out
    }
}

/// Labelled training rows, and rows to be scored.
pub(super) struct Example {
    pub(super) train: Array2<f64>,
    pub(super) labels: Vec<i64>,
    pub(super) features: Array2<f64>,
    /// Logits of the rows to be scored.
    pub(super) logits: Option<Array2<f64>>,
}

impl Example {
    /// The score of every row with some parameters set.
    pub(super) fn scores(&self, entry: &ScoreEntry, set: &[(&str, &str)]) -> Result<Vec<f64>, FitError> {
        let run = HandDump::labelled(&self.train, &self.labels);
        Ok(run.scores_of(&run.fit(entry, set)?, self.features.clone(), self.logits.clone()))
    }

    /// Asserts the scores of a page, written with so many decimals.
    pub(super) fn gives(&self, entry: &ScoreEntry, set: &[(&str, &str)], expected: &[f64], tolerance: f64) {
        assert_all_near(entry, set, &self.scores(entry, set).unwrap(), expected, tolerance);
    }
}

fn assert_all_near(entry: &ScoreEntry, set: &[(&str, &str)], found: &[f64], expected: &[f64], tolerance: f64) {
    let near = |(f, e): (&f64, &f64)| (f - e).abs() <= tolerance;
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(near), "{} {set:?}: found {found:?}, expected {expected:?}", entry.id);
}
