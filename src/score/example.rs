//! Runs small enough for the examples of the pages.

use std::collections::BTreeSet;
use std::fs;

use ndarray::{Array1, Array2};
use ndarray_npy::write_npy;

use super::registry::ScoreEntry;
use crate::dump::layout::discover;
use crate::dump::{ArrayKind, Dump, Role};
use crate::fit::{FitError, Training};

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
        let folder = tempfile::tempdir().unwrap();
        let (train, test) = (folder.path().join("id/train"), folder.path().join("id/test"));
        fs::create_dir_all(&train).unwrap();
        fs::create_dir_all(&test).unwrap();
        write_npy(train.join("features.npy"), &self.train).unwrap();
        write_npy(train.join("labels.npy"), &Array1::from(self.labels.clone())).unwrap();
        write_npy(test.join("features.npy"), &self.features).unwrap();
        if let Some(logits) = &self.logits {
            write_npy(test.join("logits.npy"), logits).unwrap();
        }
        let dump = Dump::open(&discover(folder.path()).unwrap()[0]).unwrap();
        let mut settings = entry.settings();
        set.iter().for_each(|(name, value)| settings.set(name, value).unwrap());
        let scorer = (entry.build)(&settings).unwrap().fit(&Training::new(&dump))?.scorer;
        let test = dump.split(&Role::Test).unwrap();
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
