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
//! let table = &Overview::all(&records, &openood::PROCEDURE, &[])[0];
//! let labels: Vec<&str> = table.columns.iter().map(|column| column.label.as_str()).collect();
//! assert_eq!((table.metric.id, labels), ("auroc", vec!["svhn", "lsun", "mean of 2"]));
//! let mds = &table.trainings[0].lines[0];
//! assert_eq!((mds.values[2].value, mds.values[2].verdict), (Some(0.8), Verdict::Untested));
//! assert!(mds.values[2].is_first);
//! ```

mod columns;
mod marks;
mod shape;

use std::collections::BTreeMap;

use ndarray::Array2;

use super::against_best::Verdict;
use super::by_seeds::BySeeds;
use super::means::{Seeds, means_and_seeds};
use super::record::Record;
use crate::metric::{Metric, Procedure};
use crate::stats::seeds_and_rows::seeds_and_rows;

pub use columns::Column;
pub use shape::{Interval, IntervalBy, LEVEL, Line, Overview, Training, Value};

impl Overview {
    /// The tables of a procedure: for each in-distribution set one per metric that there are records of. `tests` are of AUROCs over seeds and rows,
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
            let of = |metric| Self::of((&all, &seeds), *set, procedure, metric, tests);
            procedure.metrics.iter().map(of).filter(|table| !table.trainings.is_empty()).collect::<Vec<Self>>()
        });
        tables.flatten().collect()
    }

    /// `records` are of one in-distribution set, means included.
    fn of(
        (records, seeds): (&[Record], &Seeds),
        in_distribution: Option<&str>,
        procedure: &'static Procedure,
        metric: &'static Metric,
        tests: &[BySeeds],
    ) -> Self {
        let own: Vec<&Record> = records.iter().filter(|record| record.metric == metric.id).collect();
        let mut table = Self {
            in_distribution: in_distribution.map(str::to_owned),
            level: own.iter().find_map(|record| record.level).unwrap_or(LEVEL),
            procedure,
            metric,
            columns: columns::of(&own),
            trainings: trainings(&own, seeds),
        };
        let cells = Cells::of(&own, &table.columns);
        let mut trainings = std::mem::take(&mut table.trainings);
        for training in &mut trainings {
            for number in 0..training.lines.len() {
                let score = training.lines[number].score.clone();
                let cell = |column| value(&cells, training, (&score, column), &table);
                training.lines[number].values = (0..table.columns.len()).map(cell).collect();
            }
            for column in 0..table.columns.len() {
                marks::mark(training, column, &table, tests);
            }
        }
        Self { trainings, ..table }
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

/// The records of one metric by run or, means over seeds, by model and loss; then by score and column.
struct Cells<'r> {
    of_run: BTreeMap<(&'r str, &'r str, usize), &'r Record>,
    of_family: BTreeMap<(String, &'r str, usize), &'r Record>,
}

impl<'r> Cells<'r> {
    fn of(records: &[&'r Record], columns: &[Column]) -> Self {
        let mut all = Self { of_run: BTreeMap::new(), of_family: BTreeMap::new() };
        for record in records.iter().copied() {
            let Some(column) = columns.iter().position(|column| column.is_of(record)) else { continue };
            if columns::is_over_seeds(record) {
                all.of_family.entry((family_name(record), &record.score, column)).or_insert(record);
            } else {
                all.of_run.entry((&record.run, &record.score, column)).or_insert(record);
            }
        }
        all
    }
}

/// The cell of a score in a column: of the mean over seeds where the training has several.
fn value(cells: &Cells<'_>, training: &Training, (score, column): (&str, usize), table: &Overview) -> Value {
    let of_run = |run: &String| cells.of_run.get(&(run.as_str(), score, column)).copied();
    let single: Vec<&Record> = training.runs.iter().filter_map(of_run).collect();
    let mean = (training.runs.len() > 1).then(|| cells.of_family.get(&(training.name.clone(), score, column)).copied());
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
            let interval = (values.len() > 1).then(|| by_seeds().interval(table.level));
            let (least, greatest) = table.metric.range;
            Value {
                value: mean.value,
                std: mean.std,
                interval: interval.map(|found| Interval {
                    low: found.low.max(least),
                    high: found.high.min(greatest),
                    by: IntervalBy::Seeds,
                }),
                each: values,
                missing: single.iter().find_map(|record| record.missing.clone()).or_else(|| mean.missing.clone()),
                ..blank
            }
        }
        (None, Some(record)) => Value {
            value: record.value,
            interval: record.low.zip(record.high).map(|(low, high)| Interval { low, high, by: IntervalBy::Draws }),
            each: record.value.into_iter().collect(),
            missing: record.missing.clone(),
            ..blank
        },
    }
}
