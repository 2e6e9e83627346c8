//! Runs small enough to compute a score by hand, for tests.

use std::fs;

use ndarray::{Array1, Array2};
use ndarray_npy::write_npy;
use tempfile::TempDir;

use super::{Fit, ScoreEntry};
use crate::dump::matrix::{Cow2, Rows};
use crate::dump::{Dump, RowBlock, layout::discover};
use crate::fit::{FitError, Training};

/// A run with a linear head in a folder that goes when it is dropped.
pub(super) struct HandDump {
    pub(super) dump: Dump,
    _folder: TempDir,
}

impl HandDump {
    /// A run with these training features; logits are what the head makes of them.
    pub(super) fn new(weight: &Array2<f64>, bias: &Array1<f64>, train: &Array2<f64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, array) in [("head/weight", weight), ("id/train/features", train), ("id/test/features", train)] {
            let path = folder.path().join(format!("{path}.npy"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            write_npy(path, array).unwrap();
        }
        write_npy(folder.path().join("head/bias.npy"), bias).unwrap();
        let dump = Dump::open(&discover(folder.path()).unwrap()[0]).unwrap();
        Self { dump, _folder: folder }
    }

    /// The score fitted with these settings.
    pub(super) fn fit(&self, entry: &ScoreEntry, settings: &[(&str, &str)]) -> Result<Fit, FitError> {
        let mut values = entry.settings();
        settings.iter().for_each(|(name, value)| values.set(name, value).unwrap());
        (entry.build)(&values).unwrap().fit(&Training::new(&self.dump))
    }

    /// The scores of some features.
    pub(super) fn scores(&self, entry: &ScoreEntry, settings: &[(&str, &str)], features: Array2<f64>) -> Vec<f64> {
        let mut out = vec![f64::NAN; features.nrows()];
        let rows = Rows::F64(Cow2::Owned(features));
        let block = RowBlock::new(out.len(), None, Some(rows), self.dump.head.as_ref());
        self.fit(entry, settings).unwrap().scorer.score_block(&block, &mut out);
        out
    }
}
