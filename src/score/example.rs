//! Runs small enough for the examples of the pages.

use std::collections::BTreeSet;

use ndarray::Array2;

use super::entry::ScoreEntry;
use crate::fit::{FitError, Training};
use crate::rows::{ArrayKind, Labels, Matrix, Role, RunRows, Split};

/// Training rows, and rows to be scored.
pub(super) struct Example {
    pub(super) train: Array2<f64>,
    pub(super) labels: Vec<i64>,
    pub(super) features: Array2<f64>,
    /// Their logits.
    pub(super) logits: Option<Array2<f64>>,
}

impl Example {
    /// The score of every row with some parameters set.
    pub(super) fn scores(&self, entry: &ScoreEntry, set: &[(&str, &str)]) -> Result<Vec<f64>, FitError> {
        let split = |role, kind, array: &Array2<f64>| {
            Split::new(role, "example").with(kind, Matrix::of("example", array.clone()).unwrap()).unwrap()
        };
        let labels = Labels::of("labels", self.labels.clone());
        let train = split(Role::Train, ArrayKind::Features, &self.train).with_labels(labels).unwrap();
        let mut test = split(Role::Test, ArrayKind::Features, &self.features);
        if let Some(logits) = &self.logits {
            test = test.with(ArrayKind::Logits, Matrix::of("logits", logits.clone()).unwrap()).unwrap();
        }
        let rows = RunRows::new("example", vec![train, test], None).unwrap();
        let mut settings = entry.settings();
        set.iter().for_each(|(name, value)| settings.set(name, value).unwrap());
        let scorer = (entry.build)(&settings).unwrap().fit(&Training::new(&rows))?.scorer;
        let test = rows.split(&Role::Test).unwrap();
        let block = test.block(0..test.rows, &BTreeSet::from([ArrayKind::Features, ArrayKind::Logits]), None);
        let mut out = vec![f64::NAN; test.rows];
        scorer.score_block(&block, &mut out);
        Ok(out)
    }

    /// Asserts the scores of a page, written with so many decimals.
    pub(super) fn gives(&self, entry: &ScoreEntry, set: &[(&str, &str)], expected: &[f64], tolerance: f64) {
        let found = self.scores(entry, set).unwrap();
        let near = |(f, e): (&f64, &f64)| (f - e).abs() <= tolerance;
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(near), "{} {set:?}: found {found:?}, expected {expected:?}", entry.id);
    }
}
