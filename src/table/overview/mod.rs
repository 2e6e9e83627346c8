//! What a paper prints: scores by OOD sets, one metric, mean ± standard deviation over seeds, intervals, and which scores may be the best.
//!
//! ```
//! use oodbench::metric::openood;
//! use oodbench::table::{Overview, Record, Verdict};
//! let record = |ood: &str, score: &str, value| Record {
//!     run: "a".to_owned(),
//!     ood: ood.to_owned(),
//!     score: score.to_owned(),
//!     procedure: "openood".to_owned(),
//!     metric: "auroc".to_owned(),
//!     value: Some(value),
//!     ..Record::default()
//! };
//! let records = [record("svhn", "mds", 0.9), record("lsun", "mds", 0.7), record("svhn", "es", 0.8), record("lsun", "es", 0.6)];
//! // FPR first, then AUROC.
//! let table = &Overview::all(&records, &openood::PROCEDURE, &[])[1];
//! let labels: Vec<&str> = table.columns.iter().map(|column| column.label.as_str()).collect();
//! assert_eq!((table.metric.id, labels), ("auroc", vec!["svhn", "lsun", "mean of 2"]));
//! let mds = &table.trainings[0].lines[0];
//! assert_eq!((mds.values[2].value, mds.values[2].verdict), (Some(0.8), Verdict::Untested));
//! assert!(mds.values[2].is_first);
//! ```

mod columns;
mod marks;
mod shape;

use ndarray::Array2;

use super::against_best::Verdict;
use super::by_seeds::BySeeds;
use super::means::{Seeds, means_and_seeds};
use super::record::Record;
use crate::metric::{Metric, Procedure};
use crate::stats::seeds_and_rows::seeds_and_rows;

pub use columns::Column;
pub use shape::{LEVEL, Line, Overview, Training, Value};

impl Overview {
    /// The tables of a procedure: for each in-distribution set one per metric. `tests` are of AUROCs over seeds and rows,
    /// where the dumps were there; without them the seeds alone are tested.
    #[must_use]
    pub fn all(records: &[Record], procedure: &'static Procedure, tests: &[BySeeds]) -> Vec<Self> {
        let own: Vec<Record> = records.iter().filter(|record| record.procedure == procedure.id).cloned().collect();
        let mut sets: Vec<Option<&str>> = Vec::new();
        for record in &own {
            let set = record.in_distribution.as_deref();
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        let tables = sets.iter().map(|set| {
            let of_set = |record: &&Record| record.in_distribution.as_deref() == *set;
            let (all, seeds) = means_and_seeds(&own.iter().filter(of_set).cloned().collect::<Vec<_>>());
            let of = |metric| Self::of((&all, &seeds), set.unwrap_or("in-distribution"), procedure, metric, tests);
            procedure.metrics.iter().map(of).collect::<Vec<Self>>()
        });
        tables.flatten().collect()
    }

    /// `records` are of one in-distribution set, means included.
    fn of(
        (records, seeds): (&[Record], &Seeds),
        in_distribution: &str,
        procedure: &'static Procedure,
        metric: &'static Metric,
        tests: &[BySeeds],
    ) -> Self {
        let own: Vec<&Record> = records.iter().filter(|record| record.metric == metric.id).collect();
        let columns = columns::of(&own);
        let mut trainings = trainings(&own, seeds);
        for training in &mut trainings {
            let cell = |line: &Line, column: &Column| value(&own, training, &line.score, column, metric);
            let filled = training.lines.iter().map(|line| Line {
                score: line.score.clone(),
                values: columns.iter().map(|column| cell(line, column)).collect(),
            });
            training.lines = filled.collect();
            for (number, column) in columns.iter().enumerate() {
                marks::mark(training, (number, column), metric, (in_distribution, tests));
            }
        }
        Self { in_distribution: in_distribution.to_owned(), procedure, metric, columns, trainings }
    }

    /// How its marks were found, one sentence for each way.
    #[must_use]
    pub fn ways(&self) -> Vec<String> {
        marks::ways(self)
    }
}

/// What was trained, with its scores, values to come.
fn trainings(records: &[&Record], seeds: &Seeds) -> Vec<Training> {
    let mut found: Vec<Training> = Vec::new();
    for record in records.iter().filter(|record| record.mean_over.is_none()) {
        // A run that is one of another's seeds twice stands alone.
        let is_counted = seeds.of_family(record).is_some_and(|runs| runs.contains(&record.run));
        let name = record.family().filter(|_| is_counted).unwrap_or_else(|| record.run.clone());
        let place = found.iter().position(|training| training.name == name).unwrap_or_else(|| {
            found.push(Training { name, runs: Vec::new(), lines: Vec::new() });
            found.len() - 1
        });
        let training = &mut found[place];
        if !training.runs.contains(&record.run) {
            training.runs.push(record.run.clone());
        }
        if !training.lines.iter().any(|line| line.score == record.score) {
            training.lines.push(Line { score: record.score.clone(), values: Vec::new() });
        }
    }
    found
}

/// Model and loss of a mean over seeds.
fn family_name(record: &Record) -> String {
    format!("{} {}", record.model.as_deref().unwrap_or("?"), record.loss.as_deref().unwrap_or("?"))
}

/// The cell of a score in a column: of the mean over seeds where the training has several.
fn value(records: &[&Record], training: &Training, score: &str, column: &Column, metric: &Metric) -> Value {
    let own = |record: &&&Record| record.score == score && column.is_of(record);
    let of_run = |run: &String| records.iter().filter(own).find(|record| record.run == *run).copied();
    let single: Vec<&Record> = training.runs.iter().filter_map(of_run).collect();
    let mean = (training.runs.len() > 1).then(|| {
        let is_own = |record: &&&Record| columns::is_over_seeds(record) && family_name(record) == training.name;
        records.iter().filter(own).find(is_own).copied()
    });
    let blank = Value {
        value: None,
        std: None,
        interval: None,
        each: Vec::new(),
        is_first: false,
        counts_rows: false,
        verdict: Verdict::Untested,
        missing: Some("the run has no such set".to_owned()),
    };
    match (mean, single.first()) {
        (Some(None), _) | (None, None) => blank,
        (Some(Some(mean)), _) => {
            let values: Vec<f64> = single.iter().filter_map(|record| record.value).collect();
            let by_seeds = || seeds_and_rows(&values, &Array2::zeros((values.len(), values.len())).view());
            let interval = (values.len() > 1).then(|| by_seeds().interval(LEVEL));
            let (least, greatest) = metric.range;
            Value {
                value: mean.value,
                std: mean.std,
                interval: interval.map(|found| (found.low.max(least), found.high.min(greatest))),
                each: values,
                missing: single.iter().find_map(|record| record.missing.clone()).or_else(|| mean.missing.clone()),
                ..blank
            }
        }
        (None, Some(record)) => Value {
            value: record.value,
            interval: record.low.zip(record.high),
            each: record.value.into_iter().collect(),
            missing: record.missing.clone(),
            ..blank
        },
    }
}
