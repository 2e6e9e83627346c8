//! The shape of an overview: trainings with their scores down, OOD sets across.

use super::super::against_best::Verdict;
use super::columns::Column;
use crate::metric::{Metric, Procedure};

/// How often intervals are to hold what they are of, where the records have none.
pub const LEVEL: f64 = 0.95;

/// One metric of one procedure on one in-distribution set.
#[derive(Clone)]
pub struct Overview {
    /// The in-distribution set, if `run.toml` names it.
    pub in_distribution: Option<String>,
    /// How often its intervals are to hold what they are of: as those of the records, else [`LEVEL`].
    pub level: f64,
    /// The procedure.
    pub procedure: &'static Procedure,
    /// The metric.
    pub metric: &'static Metric,
    /// OOD sets by group, each group followed by its mean, then the mean of all.
    pub columns: Vec<Column>,
    /// The rows, by what was trained.
    pub trainings: Vec<Training>,
}

/// The scores of one run, or of several that differ by seed.
#[derive(Clone, Debug)]
pub struct Training {
    /// The run, or model and loss of the runs.
    pub name: String,
    /// The runs that count, in their order.
    pub runs: Vec<String>,
    /// One per score.
    pub lines: Vec<Line>,
}

/// A score.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its id.
    pub score: String,
    /// One per column.
    pub values: Vec<Value>,
}

/// One value as a fraction.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The value, or the mean over seeds.
    pub value: Option<f64>,
    /// Sample standard deviation over seeds.
    pub std: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// The value of each run that has one, in the order of the runs.
    pub each: Vec<f64>,
    /// Whether no other score of the training is better at the digits shown, of those with a value of every seed.
    pub is_first: bool,
    /// Whether the verdict is by the rows tested, too, not by seeds alone.
    pub counts_rows: bool,
    /// Whether it may be the best score of the training.
    pub verdict: Verdict,
    /// Why there is no value.
    pub missing: Option<String>,
}

/// Both ends of an interval, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower one.
    pub low: f64,
    /// The upper one.
    pub high: f64,
    /// What it tells of.
    pub by: IntervalBy,
}

/// What an interval tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalBy {
    /// Other seeds on the same rows: Student's t.
    Seeds,
    /// Other seeds on other rows of the set.
    SeedsAndRows,
    /// Other rows of the set, of a single run: DeLong's variance.
    Rows,
    /// Other rows of the set, of a single run: the bootstrap interval of the record.
    Draws,
}

impl Training {
    /// Whether a value is over every seed: a mean over fewer is another one, and is compared with none.
    #[must_use]
    pub fn is_complete(&self, value: &Value) -> bool {
        value.each.len() == self.runs.len()
    }
}

impl Value {
    /// Whether tables print it bold: the best of a training, and all that are not significantly worse.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        match self.verdict {
            Verdict::Best | Verdict::MayBeBest => true,
            Verdict::Worse => false,
            Verdict::Untested => self.is_first,
        }
    }
}

impl Overview {
    /// Every line with its training.
    pub fn lines(&self) -> impl Iterator<Item = (&Training, &Line)> {
        self.trainings.iter().flat_map(|training| training.lines.iter().map(move |line| (training, line)))
    }

    /// Which values are missing and why, one line each.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
        for (training, line) in self.lines() {
            for (column, value) in self.columns.iter().zip(&line.values) {
                let Some(why) = value.missing.as_ref().filter(|_| value.value.is_none()) else { continue };
                let text = format!("{} on {}: {why}", training.name, column.name());
                match reasons.iter_mut().find(|(other, _)| *other == text) {
                    Some((_, scores)) => scores.push(&line.score),
                    None => reasons.push((text, vec![&line.score])),
                }
            }
        }
        let mut lines: Vec<String> =
            reasons.into_iter().map(|(text, scores)| format!("{text} ({})", scores.join(", "))).collect();
        for (training, line) in self.lines() {
            for (column, value) in self.columns.iter().zip(&line.values) {
                if !training.is_complete(value) && !value.each.is_empty() {
                    lines.push(format!(
                        "{} on {}: the mean is over {} of {} seeds ({})",
                        training.name,
                        column.name(),
                        value.each.len(),
                        training.runs.len(),
                        line.score
                    ));
                }
            }
        }
        lines
    }
}
