//! The table people read: per OOD set the values of every run and score, then their means over OOD sets, then over seeds.

use std::collections::BTreeMap;

use super::frame::{PivotRow, SET, pivot};
use super::means::{Seeds, means_and_seeds};
use super::record::{MeanOver, Record, Results};
use crate::metric::{Better, Metric, Procedure};
use crate::stats::spread::Ddof;

/// A table of one procedure and one in-distribution set.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The in-distribution set.
    pub in_distribution: String,
    /// Headings of the values.
    pub headings: Vec<&'static str>,
    /// One block per OOD set, then the means.
    pub blocks: Vec<Block>,
    /// Blocks of mean ± standard deviation over runs that differ by seed; empty where no runs do.
    pub seed_blocks: Vec<Block>,
    /// What the standard deviations divide by.
    pub ddof: Ddof,
    /// Which values are missing and why, one line each.
    pub missing: Vec<String>,
}

/// Rows that are compared with each other.
#[derive(Clone, Debug)]
pub struct Block {
    /// The OOD set, with its group, or which mean this is.
    pub label: String,
    /// One row per run and score.
    pub rows: Vec<Row>,
}

/// The values of one run, or of several that differ by seed, under one score.
#[derive(Clone, Debug)]
pub struct Row {
    /// The run, or model and loss of the runs.
    pub run: String,
    /// The score's id.
    pub score: String,
    /// One cell per heading.
    pub cells: Vec<Cell>,
    /// Share of tied pairs; the largest one in a mean; none where there is no value.
    pub tied_share: Option<f64>,
}

/// One value as a fraction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// The value, or the mean; none if it is missing.
    pub value: Option<f64>,
    /// Standard deviation over seeds, of the table's [`Ddof`].
    pub spread: Option<f64>,
    /// How many values it is the mean of.
    pub members: Option<u64>,
    /// Ends of the bootstrap interval, if there is one; means over OOD sets and seeds have none.
    pub interval: Option<(f64, f64)>,
    /// Whether no other row of the block is better at the digits shown, and not all are equal. Runs that differ by seed alone are marked by their mean
    /// only.
    pub best: bool,
}

/// Digits behind the point of a percentage.
pub const DIGITS: usize = 2;

impl Comparison {
    /// One table per in-distribution set, in the order of the runs.
    #[must_use]
    pub fn all(results: &Results, procedure: &Procedure) -> Vec<Self> {
        Self::of_records(&results.records, procedure)
    }

    /// One table per in-distribution set, in the order of the records, which may have been read from a file.
    #[must_use]
    pub fn of_records(records: &[Record], procedure: &Procedure) -> Vec<Self> {
        let mut sets: Vec<Option<&str>> = Vec::new();
        for record in records {
            let set = record.in_distribution.as_deref();
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        sets.into_iter().map(|set| Self::of(records, procedure, set)).collect()
    }

    /// The table of the records of one procedure and one in-distribution set, other records being left out.
    ///
    /// # Panics
    /// If two records are of one run, OOD set, score and metric; [`read`](super::read::read) refuses such records.
    #[must_use]
    pub fn of(records: &[Record], procedure: &Procedure, in_distribution: Option<&str>) -> Self {
        let own =
            |record: &&Record| record.in_distribution.as_deref() == in_distribution && record.procedure == procedure.id;
        let own: Vec<Record> = records.iter().filter(own).cloned().collect();
        let (all, seeds) = means_and_seeds(&own);
        let is_over_seeds =
            |record: &&Record| matches!(record.mean_over, Some(MeanOver::Seeds | MeanOver::OodAndSeeds));
        let (over_seeds, single): (Vec<Record>, Vec<Record>) =
            all.iter().cloned().partition(|record| is_over_seeds(&record));
        let blocks = |records: &[Record]| blocks(records, procedure, &seeds);
        Self {
            in_distribution: in_distribution.unwrap_or("in-distribution").to_owned(),
            headings: procedure.metrics.iter().map(|metric| metric.title).collect(),
            blocks: blocks(&single),
            seed_blocks: blocks(&over_seeds),
            ddof: Ddof::One,
            missing: missing(&all),
        }
    }

    /// The same with standard deviations that divide by something else.
    #[must_use]
    pub fn with_ddof(mut self, ddof: Ddof) -> Self {
        if self.ddof == Ddof::One {
            let rows = self.seed_blocks.iter_mut().flat_map(|block| &mut block.rows);
            for cell in rows.flat_map(|row| &mut row.cells) {
                cell.spread = cell.spread.zip(cell.members).map(|(std, members)| ddof.of_sample(std, members));
            }
            self.ddof = ddof;
        }
        self
    }
}

/// A block per OOD set or mean.
fn blocks(records: &[Record], procedure: &Procedure, seeds: &Seeds) -> Vec<Block> {
    let metrics: Vec<&str> = procedure.metrics.iter().map(|metric| metric.id).collect();
    let mut blocks: Vec<Block> = Vec::new();
    let mut contenders: Vec<Vec<Option<Contender>>> = Vec::new();
    let mut last = None;
    for PivotRow { key, cells } in pivot(records, &["mean_over", SET, "run", "score"], "metric", &metrics) {
        let found = || cells.iter().flatten().map(|&number| &records[number]);
        let Some(first) = found().next() else { continue };
        if last.as_deref() != Some(&key[..2]) {
            blocks.push(Block { label: first.set(), rows: Vec::new() });
            contenders.push(Vec::new());
            last = Some(key[..2].to_vec());
        }
        let (Some(block), Some(contenders)) = (blocks.last_mut(), contenders.last_mut()) else { continue };
        contenders.push(seeds.is_one_of_several(first).then(|| (first.family(), first.score.clone())));
        block.rows.push(Row {
            run: first.run.clone(),
            score: first.score.clone(),
            tied_share: first.tied_share,
            cells: cells
                .iter()
                .map(|number| number.map_or_else(Cell::default, |number| cell(&records[number])))
                .collect(),
        });
    }
    for (block, contenders) in blocks.iter_mut().zip(&contenders) {
        mark_best(block, procedure.metrics, contenders);
    }
    blocks
}

fn cell(record: &Record) -> Cell {
    let interval = record.low.zip(record.high);
    Cell { value: record.value, spread: record.std, members: record.members, interval, best: false }
}

/// One line per reason: of which runs, OOD sets and scores.
fn missing(records: &[Record]) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for record in records.iter().filter(|record| record.value.is_none() && record.mean_over.is_none()) {
        let reason = record.missing.as_deref().unwrap_or("no reason was recorded");
        let text = format!("{} on {}: {reason}", record.run, record.set());
        match reasons.iter_mut().find(|(other, _)| *other == text) {
            Some((_, scores)) if scores.contains(&record.score.as_str()) => (),
            Some((_, scores)) => scores.push(&record.score),
            None => reasons.push((text, vec![&record.score])),
        }
    }
    let mut lines: Vec<String> =
        reasons.into_iter().map(|(text, scores)| format!("{text} ({})", scores.join(", "))).collect();
    let is_over_ood = |record: &Record| matches!(record.mean_over, Some(MeanOver::Ood | MeanOver::OodAndSeeds));
    if records.iter().any(|record| record.value.is_none() && is_over_ood(record)) {
        lines.push("means over OOD sets are of rows that have a value on every one of them".to_owned());
    }
    lines
}

/// The family and the score of a row that is one of several seeds.
type Contender = (Option<String>, String);

/// Marks the best rows. Runs that differ by seed alone compete as one, by their mean, and none of them is marked: the best seed means nothing.
fn mark_best(block: &mut Block, metrics: &[Metric], contenders: &[Option<Contender>]) {
    // Two rows that print the same number are equally good to the reader.
    let shown = |value: f64| (value * 100.0 * 10_f64.powi(DIGITS as i32)).round();
    for (i, metric) in metrics.iter().enumerate() {
        let mut seeds: BTreeMap<&Contender, Vec<f64>> = BTreeMap::new();
        let mut values: Vec<f64> = Vec::new();
        for (row, contender) in block.rows.iter().zip(contenders) {
            match (row.cells[i].value, contender) {
                (None, _) => {}
                (Some(value), None) => values.push(shown(value)),
                (Some(value), Some(contender)) => seeds.entry(contender).or_default().push(value),
            }
        }
        values.extend(seeds.values().map(|values| shown(values.iter().sum::<f64>() / values.len() as f64)));
        let best = match metric.better {
            Better::Higher => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Better::Lower => values.iter().copied().fold(f64::INFINITY, f64::min),
        };
        // Where all are equal, none is best.
        if values.iter().all(|value| *value == best) {
            continue;
        }
        for (row, contender) in block.rows.iter_mut().zip(contenders) {
            row.cells[i].best = contender.is_none() && row.cells[i].value.map(shown) == Some(best);
        }
    }
}
