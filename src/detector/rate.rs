//! How much of a set is flagged, with an interval.

use crate::stats::binomial::clopper_pearson;
use crate::stats::bootstrap::Interval;

/// What a detector does on the rows of one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The set.
    pub set: String,
    /// Its rows.
    pub rows: usize,
    /// Those of them that are flagged.
    pub flagged: usize,
    /// Rows that are not flagged and whose class is known.
    pub answers: usize,
    /// Those of them that are classified wrongly.
    pub wrong: usize,
}

impl Rate {
    /// Of no rows yet.
    #[must_use]
    pub fn of(set: String) -> Self {
        Self { set, rows: 0, flagged: 0, answers: 0, wrong: 0 }
    }

    /// One more row.
    pub(super) fn count(&mut self, flagged: bool) {
        self.rows += 1;
        self.flagged += usize::from(flagged);
    }

    /// One more row that was not flagged.
    pub(super) fn count_answer(&mut self, right: bool) {
        self.answers += 1;
        self.wrong += usize::from(!right);
    }

    /// The share flagged; NaN of no rows.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.flagged as f64 / self.rows as f64
    }

    /// Clopper and Pearson's interval for the share flagged of all rows like these.
    #[must_use]
    pub fn interval(&self, level: f64) -> Interval {
        clopper_pearson(self.flagged, self.rows, level)
    }
}
