//! The table people read: per OOD set the figures of every run and score, then their means over OOD sets, then over seeds.

use std::collections::BTreeMap;

use super::record::{Record, Results};
use crate::metric::{Better, Procedure};

/// A table of one procedure and one in-distribution set.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The in-distribution set.
    pub in_distribution: String,
    /// Headings of the figures.
    pub headings: Vec<&'static str>,
    /// One block per OOD set, then the means.
    pub blocks: Vec<Block>,
    /// Blocks of mean ± standard deviation over runs that differ by seed; empty where no runs do.
    pub seed_blocks: Vec<Block>,
}

/// Rows that are compared with each other.
#[derive(Clone, Debug)]
pub struct Block {
    /// The OOD set, with its group, or which mean this is.
    pub label: String,
    /// One row per run and score.
    pub rows: Vec<Row>,
}

/// The figures of one run, or of several that differ by seed, under one score.
#[derive(Clone, Debug)]
pub struct Row {
    /// The run, or model and loss of the runs.
    pub run: String,
    /// The score's id.
    pub score: &'static str,
    /// One cell per heading.
    pub cells: Vec<Cell>,
    /// Share of tied pairs; the largest one in a mean.
    pub tied_share: f64,
}

/// One figure as a fraction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The value, or the mean.
    pub value: f64,
    /// Sample standard deviation (n − 1 in the denominator) over seeds.
    pub spread: Option<f64>,
    /// Ends of the bootstrap interval, if there is one; means over OOD sets and seeds have none.
    pub interval: Option<(f64, f64)>,
    /// Whether no other row of the block is better at the digits shown, and one is worse.
    pub best: bool,
}

/// Digits behind the point of a percentage.
pub const DIGITS: usize = 2;

impl Comparison {
    /// One table per in-distribution set, in the order of the runs.
    #[must_use]
    pub fn all(results: &Results, procedure: &Procedure) -> Vec<Self> {
        let mut sets: Vec<Option<String>> = Vec::new();
        for run in &results.runs {
            if !sets.contains(&run.info.in_distribution) {
                sets.push(run.info.in_distribution.clone());
            }
        }
        sets.iter().map(|set| Self::of(results, procedure, set.as_ref())).collect()
    }

    fn of(results: &Results, procedure: &Procedure, in_distribution: Option<&String>) -> Self {
        let mine: Vec<&Record> = results
            .records
            .iter()
            .filter(|r| r.in_distribution.as_ref() == in_distribution && r.procedure == procedure.id)
            .collect();
        let mut blocks: Vec<Block> = Vec::new();
        for figures in mine.chunks(procedure.metrics.len()) {
            let first = figures[0];
            let label =
                first.group.as_ref().map_or_else(|| first.ood.clone(), |group| format!("{group}/{}", first.ood));
            let pair =
                results.pairs.iter().find(|p| p.run == first.run && p.ood == first.ood && p.score == first.score);
            let row = Row {
                run: first.run.clone(),
                score: first.score,
                cells: figures
                    .iter()
                    .map(|r| Cell { value: r.value, spread: None, interval: r.low.zip(r.high), best: false })
                    .collect(),
                tied_share: pair.map_or(0.0, |pair| pair.tied_share),
            };
            match blocks.iter_mut().find(|block| block.label == label) {
                Some(block) => block.rows.push(row),
                None => blocks.push(Block { label, rows: vec![row] }),
            }
        }
        if blocks.len() > 1 {
            blocks.push(mean_block(&blocks));
        }
        let mut seed_blocks = seed_blocks(results, &blocks);
        for block in blocks.iter_mut().chain(&mut seed_blocks) {
            mark_best(block, procedure);
        }
        Self {
            in_distribution: in_distribution.cloned().unwrap_or_else(|| "in-distribution".to_owned()),
            headings: procedure.metrics.iter().map(|metric| metric.title).collect(),
            blocks,
            seed_blocks,
        }
    }
}

/// Means over the OOD sets, of runs that have all of them: others would be averaged over easier or harder sets.
fn mean_block(blocks: &[Block]) -> Block {
    let mut by_row: Vec<(&Row, Vec<&Row>)> = Vec::new();
    for row in blocks.iter().flat_map(|block| &block.rows) {
        match by_row.iter_mut().find(|(first, _)| first.run == row.run && first.score == row.score) {
            Some((_, rows)) => rows.push(row),
            None => by_row.push((row, vec![row])),
        }
    }
    let complete = by_row.into_iter().filter(|(_, rows)| rows.len() == blocks.len());
    let rows = complete.map(|(first, rows)| {
        let mean = |i: usize| rows.iter().map(|row| row.cells[i].value).sum::<f64>() / rows.len() as f64;
        Row {
            run: first.run.clone(),
            score: first.score,
            cells: (0..first.cells.len())
                .map(|i| Cell { value: mean(i), spread: None, interval: None, best: false })
                .collect(),
            tied_share: rows.iter().map(|row| row.tied_share).fold(0.0, f64::max),
        }
    });
    Block { label: format!("mean of {}", blocks.len()), rows: rows.collect() }
}

/// Mean ± sample standard deviation over runs of one model and loss with different seeds.
fn seed_blocks(results: &Results, blocks: &[Block]) -> Vec<Block> {
    let family = |run: &str| {
        let info = &results.runs.iter().find(|summary| summary.info.name == run)?.info;
        info.seed?;
        let loss = info.loss.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
        Some(format!("{} {loss}", info.model.as_deref().unwrap_or("?")))
    };
    let mut out = Vec::new();
    for block in blocks {
        let mut families: BTreeMap<(String, &'static str), Vec<&Row>> = BTreeMap::new();
        let mut order = Vec::new();
        for row in &block.rows {
            if let Some(family) = family(&row.run) {
                let key = (family, row.score);
                if !families.contains_key(&key) {
                    order.push(key.clone());
                }
                families.entry(key).or_default().push(row);
            }
        }
        let mut rows = Vec::new();
        for key in order {
            let members = families.get(&key).map_or(&[][..], Vec::as_slice);
            if members.len() < 2 {
                continue;
            }
            let cells = (0..members[0].cells.len()).map(|i| {
                let values: Vec<f64> = members.iter().map(|row| row.cells[i].value).collect();
                let spread = crate::stats::spread::mean_and_std(&values);
                Cell { value: spread.mean, spread: Some(spread.std), interval: None, best: false }
            });
            rows.push(Row {
                run: format!("{} ({} seeds)", key.0, members.len()),
                score: key.1,
                cells: cells.collect(),
                tied_share: members.iter().map(|row| row.tied_share).fold(0.0, f64::max),
            });
        }
        if !rows.is_empty() {
            out.push(Block { label: block.label.clone(), rows });
        }
    }
    out
}

fn mark_best(block: &mut Block, procedure: &Procedure) {
    if block.rows.len() < 2 {
        return;
    }
    for (i, metric) in procedure.metrics.iter().enumerate() {
        // Two rows that print the same number are equally good to the reader.
        let shown = |row: &Row| (row.cells[i].value * 100.0 * 10_f64.powi(DIGITS as i32)).round();
        let values = block.rows.iter().map(shown);
        let best = match metric.better {
            Better::Higher => values.fold(f64::NEG_INFINITY, f64::max),
            Better::Lower => values.fold(f64::INFINITY, f64::min),
        };
        // Where all are equal none is best.
        let all_equal = block.rows.iter().all(|row| shown(row) == best);
        for row in &mut block.rows {
            row.cells[i].best = shown(row) == best && !all_equal;
        }
    }
}
