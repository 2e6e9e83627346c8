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
    /// What it looks at, and how it measures that.
    pub(super) measure: Measure,
}

/// What a procedure looks at, and how it measures that.
#[derive(Clone, Copy)]
pub(super) enum Measure {
    /// The order of ID and OOD scores.
    Order(fn(&Ranking) -> MetricValues),
    /// The same, and which ID rows are classified wrongly.
    Errors(fn(&Ranking) -> MetricValues),
    /// The order of the ID scores alone, and which of their rows are classified wrongly.
    IdErrors(fn(&Ranking) -> MetricValues),
    /// The scores as numbers, so that a map that keeps their order may change the values.
    Numbers(fn(&Sample, &Sample) -> MetricValues),
}

impl Procedure {
    /// The values of an ID and an OOD sample. For several procedures of the same two make the [`Ranking`] once, and pass it to [`Procedure::measure`].
    ///
    /// # Panics
    /// As [`Procedure::measure`].
    #[must_use]
    pub fn evaluate(&self, id: &Sample, ood: &Sample) -> MetricValues {
        self.measure(&Ranking::new(id, ood), id, ood)
    }

    /// The values of two samples whose ranking is known.
    ///
    /// # Panics
    /// If it [needs predictions](Procedure::needs_predictions) and the ID sample has none.
    #[must_use]
    pub fn measure(&self, ranking: &Ranking, id: &Sample, ood: &Sample) -> MetricValues {
        match self.measure {
            Measure::Numbers(measure) => self.checked(measure(id, ood)),
            Measure::Order(_) | Measure::Errors(_) | Measure::IdErrors(_) => self.values(ranking),
        }
    }

    /// The value of every metric, as a fraction, of ID and OOD scores in order. A value that is not finite is undefined for them.
    ///
    /// # Panics
    /// If it [reads numbers](Procedure::reads_numbers), or [needs predictions](Procedure::needs_predictions) and the ranking has none.
    #[must_use]
    pub fn values(&self, ranking: &Ranking) -> MetricValues {
        let measure = match self.measure {
            Measure::Order(measure) => measure,
            Measure::Errors(measure) | Measure::IdErrors(measure) => {
                assert!(ranking.knows_errors(), "{} needs to know which ID rows are classified wrongly", self.id);
                measure
            }
            Measure::Numbers(_) => panic!("{} reads more than the order of scores", self.id),
        };
        self.checked(measure(ranking))
    }

    /// Whether it needs to know which ID rows are classified wrongly.
    #[must_use]
    pub fn needs_predictions(&self) -> bool {
        matches!(self.measure, Measure::Errors(_) | Measure::IdErrors(_))
    }

    /// Whether it looks at ID rows alone, so that its values are the same for every OOD set.
    #[must_use]
    pub fn is_of_id(&self) -> bool {
        matches!(self.measure, Measure::IdErrors(_))
    }

    /// Whether it reads the scores as numbers, not their order alone; such values have no bootstrap intervals.
    #[must_use]
    pub fn reads_numbers(&self) -> bool {
        matches!(self.measure, Measure::Numbers(_))
    }

    /// The metric of an id.
    #[must_use]
    pub fn metric(&self, id: &str) -> Option<&'static Metric> {
        self.metrics.iter().find(|metric| metric.id == id)
    }

    /// The same values, if they are of the metrics that the procedure lists: all else is a mistake in its file.
    fn checked(&self, values: MetricValues) -> MetricValues {
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
    /// How its bootstrap interval is made: the way that covers in simulations (`tests/core/coverage.rs`). None where none does, as for values that hang
    /// on one extreme row.
    pub interval: Option<Method>,
    /// The smallest and the largest value that it can have.
    pub range: (f64, f64),
}

impl Metric {
    /// A metric between 0 and 1 of which more is better, with a percentile interval.
    pub(super) const fn higher(id: &'static str, title: &'static str) -> Self {
        Self { id, title, better: Better::Higher, interval: Some(Method::Percentile), range: (0.0, 1.0) }
    }

    /// The same of which less is better.
    pub(super) const fn lower(id: &'static str, title: &'static str) -> Self {
        Self { better: Better::Lower, ..Self::higher(id, title) }
    }

    /// The same with intervals of another kind.
    pub(super) const fn with_interval(self, interval: Method) -> Self {
        Self { interval: Some(interval), ..self }
    }

    /// The same without intervals.
    pub(super) const fn without_interval(self) -> Self {
        Self { interval: None, ..self }
    }

    /// The same with values of another range.
    pub(super) const fn within(self, least: f64, greatest: f64) -> Self {
        Self { range: (least, greatest), ..self }
    }
}

/// Which way a value is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Larger is better.
    Higher,
    /// Smaller is better.
    Lower,
}
