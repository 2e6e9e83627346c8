//! Scoring one split, block by block.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Range;

use rayon::prelude::*;

use super::plan::Plan;
use crate::progress::Progress;
use crate::rows::{ArrayKind, Head, Split};
use crate::score::need::Splits;
use crate::score::{FittedScore, Together};

/// Consecutive rows with their scores.
pub struct Batch {
    /// The rows within their split.
    pub rows: Range<usize>,
    /// Per score its values.
    pub scores: Vec<Vec<f64>>,
    /// Predicted classes, if asked for.
    pub predicted: Option<Vec<usize>>,
}

/// Blocks scored in parallel before their rows are handed on in order; bounds memory whatever the number of rows.
pub const BLOCKS_PER_BATCH: usize = 64;

/// What is read of a split, and with what it is scored.
pub struct Scoring<'a> {
    /// The arrays to read.
    pub arrays: &'a BTreeSet<ArrayKind>,
    /// The head, if there is one.
    pub head: Option<&'a Head>,
    /// The scores.
    pub scores: &'a [&'a FittedScore],
    /// Whether to tell the predicted classes as well.
    pub predictions: bool,
}

impl Scoring<'_> {
    /// Scores a split and hands its rows on in order.
    ///
    /// Blocks do not depend on the number of threads and each is scored by one, so neither do the numbers.
    ///
    /// # Errors
    /// Those of `take`.
    pub fn run<E>(
        &self,
        split: &Split,
        progress: &dyn Progress,
        take: impl FnMut(Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        self.run_blocks(split, &split.block_ranges(), progress, take)
    }

    /// The same of blocks that are together all rows.
    fn run_blocks<E>(
        &self,
        split: &Split,
        blocks: &[Range<usize>],
        progress: &dyn Progress,
        mut take: impl FnMut(Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        progress.begin(&split.role.to_string(), split.rows);
        let together = Together::of(self.scores, split.rows);
        for ranges in blocks.chunks(BLOCKS_PER_BATCH) {
            let score = |range: &Range<usize>| self.score_block(split, range.clone(), &together);
            let blocks: Vec<Batch> = match ranges {
                // Few rows are scored sooner than another thread is asked.
                [range] => vec![score(range)],
                _ => ranges.par_iter().map(score).collect(),
            };
            let rows = ranges[0].start..ranges[ranges.len() - 1].end;
            progress.advance(rows.len());
            take(join(rows, blocks))?;
        }
        progress.end();
        Ok(())
    }

    fn score_block(&self, split: &Split, range: Range<usize>, together: &Together<'_>) -> Batch {
        let block = split.block(range.clone(), self.arrays, self.head);
        let mut scores = vec![vec![0.0; range.len()]; self.scores.len()];
        for (place, (score, out)) in self.scores.iter().zip(&mut scores).enumerate() {
            if !together.has(place) {
                score.scorer.score_block(&block, out);
            }
        }
        together.score_block(&block, &mut scores);
        let predicted = self.predictions.then(|| block.tops().iter().map(|top| top.index).collect());
        Batch { rows: range, scores, predicted }
    }
}

fn join(rows: Range<usize>, blocks: Vec<Batch>) -> Batch {
    let mut joined: Option<Batch> = None;
    for block in blocks {
        match &mut joined {
            None => joined = Some(block),
            Some(all) => {
                all.scores.iter_mut().zip(block.scores).for_each(|(all, more)| all.extend(more));
                if let (Some(all), Some(more)) = (&mut all.predicted, block.predicted) {
                    all.extend(more);
                }
            }
        }
    }
    let mut joined = joined.unwrap_or(Batch { rows: 0..0, scores: Vec::new(), predicted: None });
    joined.rows = rows;
    joined
}

/// Per fitted score its values, in the order of rows.
pub(super) fn score_rows(
    plan: &Plan<'_>,
    scores: &[&FittedScore],
    split: &Split,
    progress: &dyn Progress,
) -> Vec<Vec<f64>> {
    let missing = |id: &str| plan.missing.iter().any(|missing| missing.score == id && missing.role == split.role);
    assert!(!scores.iter().any(|score| missing(score.entry.id)), "only scores that the split allows");
    let arrays = plan.arrays(&Splits::Scored);
    let scoring = Scoring { arrays: &arrays, head: plan.dump.head.as_ref(), scores, predictions: false };
    collect(&scoring, split, &split.block_ranges(), progress)
}

/// Per score its values of a whole split, cut into these blocks.
pub(super) fn collect(
    scoring: &Scoring<'_>,
    split: &Split,
    blocks: &[Range<usize>],
    progress: &dyn Progress,
) -> Vec<Vec<f64>> {
    let mut all = vec![Vec::with_capacity(split.rows); scoring.scores.len()];
    let Ok(()) = scoring.run_blocks(split, blocks, progress, |batch| {
        all.iter_mut().zip(batch.scores).for_each(|(all, more)| all.extend(more));
        Ok::<(), Infallible>(())
    });
    all
}
