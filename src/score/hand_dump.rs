//! Runs small enough to compute a score by hand, for tests.

use ndarray::{Array1, Array2};

use super::{Fit, ScoreEntry};
use crate::dump::{Dump, RunInfo};
use crate::fit::{FitError, Training};
use crate::rows::matrix::{Cow2, Rows};
use crate::rows::{ArrayKind, Head, Matrix, Role, RowBlock, RunRows, Split};

/// A run with a linear head.
pub(super) struct HandDump {
    pub(super) dump: Dump,
}

impl HandDump {
    /// A run with these training features; logits are what the head makes of them.
    pub(super) fn new(weight: &Array2<f64>, bias: &Array1<f64>, train: &Array2<f64>) -> Self {
        let features = |role| {
            let matrix = Matrix::of("features", train.clone()).unwrap();
            Split::new(role, "by hand").with(ArrayKind::Features, matrix).unwrap()
        };
        let head = Head::Linear { weight: weight.clone(), bias: bias.clone() };
        let splits = [Role::Train, Role::Test].map(features).into();
        Self { dump: Dump::from_parts(RunInfo::default(), RunRows::new("by hand", splits, Some(head)).unwrap()) }
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
