//! What a procedure is: its names, its conventions and the function that computes its values.

use super::{MetricValues, Ranking, Sample};
use crate::stats::bootstrap::Method;

/// A way of measuring, with every convention it fixes.
#[derive(Clone, Copy)]
pub struct Procedure {
    /// Its name in records and on the command line.
    pub id: &'static str,
    /// Its conventions in one line.
    pub title: &'static str,
    /// The paper or program that defines it.
    pub reference: &'static str,
    /// Its page, Markdown.
    pub page: &'static str,
    /// Its metrics, in the order of tables.
    pub metrics: &'static [Metric],
    /// Measures ID and OOD scores in order; [`Procedure::values`] calls it.
    pub(super) measure: fn(ranking: &Ranking) -> MetricValues,
}

impl Procedure {
    /// The values of an ID and an OOD sample; for several procedures of the same two make the [`Ranking`] once.
    #[must_use]
    pub fn evaluate(&self, id: &Sample, ood: &Sample) -> MetricValues {
        self.values(&Ranking::new(id, ood))
    }

    /// The value of every metric, as a fraction, of ID and OOD scores in order.
    ///
    /// # Panics
    /// If the procedure does not measure exactly the metrics that it lists: a mistake in its file.
    #[must_use]
    pub fn values(&self, ranking: &Ranking) -> MetricValues {
        let values = (self.measure)(ranking);
        let names = values.iter().map(|(metric, _)| metric);
        let listed = self.metrics.iter().map(|metric| metric.id);
        assert!(names.eq(listed), "{} measures other metrics than it lists", self.id);
        values
    }
}

/// One metric of a procedure.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name in records.
    pub id: &'static str,
    /// Its heading in tables; names the positive class where there is a choice.
    pub title: &'static str,
    /// Which way is better.
    pub better: Better,
    /// How its bootstrap interval is made: the way that covers in simulations (`tests/core/coverage.rs`).
    pub interval: Method,
}

/// Which way a value is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Larger is better.
    Higher,
    /// Smaller is better.
    Lower,
}
