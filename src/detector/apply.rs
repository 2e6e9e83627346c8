//! Deciding any number of rows in bounded memory.

use std::ops::{ControlFlow, Range};
use std::path::PathBuf;

use rayon::prelude::*;

use super::decide::Detector;
use super::error::DetectorError;
use super::source::NewRows;
use crate::eval::SinkError;
use crate::numeric::finite::all_finite;
use crate::progress::Progress;
use crate::rows::{ArrayKind, Rows, Split};

/// What becomes of a row without a finite score: one with NaN or infinite numbers, or numbers too large for the score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnNan {
    /// Nothing is decided; the first such row is an error.
    #[default]
    Refuse,
    /// It is flagged, without a score.
    Flag,
}

/// Decisions of consecutive rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decided {
    /// The number of the first.
    pub first_row: usize,
    /// Scores; NaN where a row has none.
    pub scores: Vec<f64>,
    /// P-values; NaN where a row has no score.
    pub p_values: Vec<f64>,
    /// Predicted classes, where they can be told.
    pub predicted: Option<Vec<usize>>,
    /// Whether each row is flagged.
    pub flagged: Vec<bool>,
}

/// Takes decisions in the order of rows.
pub trait DecisionSink {
    /// Takes some.
    ///
    /// # Errors
    /// Any; it ends the work.
    fn write(&mut self, decided: &Decided) -> Result<(), SinkError>;
}

/// What came of all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows.
    pub rows: usize,
    /// Rows flagged.
    pub flagged: usize,
    /// Rows without a score, flagged all the same.
    pub without_score: usize,
}

impl Applied {
    /// Adds decisions.
    pub fn add(&mut self, decided: &Decided) {
        self.rows += decided.scores.len();
        self.flagged += decided.flagged.iter().filter(|flagged| **flagged).count();
        self.without_score += decided.scores.iter().filter(|score| score.is_nan()).count();
    }
}

/// Blocks decided in parallel before they are handed on in order.
const BLOCKS_AT_ONCE: usize = 16;

/// Decides all rows; each block goes to `take` in the order of rows, those of a pipe as they come. Nothing more is read once `take` breaks. Memory does not
/// grow with the number of rows.
///
/// # Errors
/// [`DetectorError`] if rows cannot be read or decided, and those of `take`.
pub fn apply(
    detector: &Detector,
    rows: &mut NewRows<'_>,
    on_nan: OnNan,
    progress: &dyn Progress,
    mut take: impl FnMut(&Decided) -> Result<ControlFlow<()>, DetectorError>,
) -> Result<Applied, DetectorError> {
    let mut applied = Applied::default();
    progress.begin("deciding", rows.rows());
    'rows: while let Some((first, split)) = rows.next_rows()? {
        let seen = rows.skipped();
        let left = |range: Range<usize>| range.start.max(seen)..range.end;
        let ranges: Vec<Range<usize>> =
            split.block_ranges().into_iter().map(left).filter(|range| !range.is_empty()).collect();
        for ranges in ranges.chunks(BLOCKS_AT_ONCE) {
            let work = |range: &Range<usize>| Block { detector, split: &split, first, on_nan }.decide(range.clone());
            // In the order of rows, so that the row of an error is the first one.
            let decided: Vec<Result<Decided, DetectorError>> = match ranges {
                // Few rows are decided sooner than another thread is asked.
                [range] => vec![work(range)],
                _ => ranges.par_iter().map(work).collect(),
            };
            for decided in decided {
                let decided = decided?;
                applied.add(&decided);
                progress.advance(decided.scores.len());
                if take(&decided)?.is_break() {
                    break 'rows;
                }
            }
        }
    }
    progress.end();
    Ok(applied)
}

/// Where a block of rows is.
struct Block<'a> {
    detector: &'a Detector,
    split: &'a Split,
    /// The number of the split's first row among all.
    first: usize,
    on_nan: OnNan,
}

impl Block<'_> {
    fn decide(&self, range: Range<usize>) -> Result<Decided, DetectorError> {
        let detector = self.detector;
        let arrays = detector.arrays();
        let has_logits = self.split.logits.is_some() && arrays.contains(&ArrayKind::Logits);
        let bad = self.rows_with_nan(&range);
        if let (Some(bad), OnNan::Refuse) = (bad.first(), self.on_nan) {
            return Err(self.undecided(range.start + bad));
        }
        let score = |range: Range<usize>| {
            detector.score_block(&self.split.block(range, &arrays, detector.head.as_ref()), has_logits)
        };
        let (scores, predicted) = if bad.is_empty() {
            score(range.clone())
        } else {
            // Row by row, so that no score meets a NaN; a block of one gives the same bits.
            let mut all = (Vec::with_capacity(range.len()), None::<Vec<usize>>);
            for row in range.clone() {
                let (scores, predicted) =
                    if bad.contains(&(row - range.start)) { (vec![f64::NAN], None) } else { score(row..row + 1) };
                all.0.extend(scores);
                // A row that cannot be read has no class either; the first stands in its place and is not shown.
                all.1.get_or_insert_default().extend(predicted.unwrap_or_else(|| vec![0]));
            }
            (all.0, all.1.filter(|_| has_logits || detector.makes_logits()))
        };
        let mut decided = Decided {
            first_row: self.first + range.start,
            p_values: Vec::with_capacity(scores.len()),
            flagged: Vec::with_capacity(scores.len()),
            scores,
            predicted,
        };
        for row in 0..decided.scores.len() {
            let class = decided.predicted.as_ref().map(|classes| classes[row]);
            match detector.judge(decided.scores[row], class) {
                Some(decision) => {
                    decided.p_values.push(decision.p_value);
                    decided.flagged.push(decision.flagged);
                }
                None if self.on_nan == OnNan::Refuse => return Err(self.undecided(range.start + row)),
                None => {
                    decided.scores[row] = f64::NAN;
                    decided.p_values.push(f64::NAN);
                    decided.flagged.push(true);
                }
            }
        }
        Ok(decided)
    }

    /// Rows of the range with NaN or infinite numbers, counted within it.
    fn rows_with_nan(&self, range: &Range<usize>) -> Vec<usize> {
        let matrices = self.detector.inputs.iter().filter_map(|input| self.split.matrix(&input.kind));
        let mut bad: Vec<usize> = matrices.flat_map(|matrix| bad_rows(&matrix.block(range.clone()))).collect();
        bad.sort_unstable();
        bad.dedup();
        bad
    }

    fn undecided(&self, row: usize) -> DetectorError {
        let path: PathBuf = self.split.place.clone();
        DetectorError::Undecided { path, row: self.first + row }
    }
}

fn bad_rows(rows: &Rows<'_>) -> Vec<usize> {
    fn of<T: crate::numeric::real::Real>(rows: ndarray::ArrayView2<'_, T>) -> Vec<usize> {
        if rows.as_slice().is_some_and(all_finite) {
            return Vec::new();
        }
        let finite = |row: &ndarray::ArrayView1<'_, T>| row.iter().all(|value| value.is_finite());
        rows.rows().into_iter().enumerate().filter(|(_, row)| !finite(row)).map(|(row, _)| row).collect()
    }
    match rows {
        Rows::F32(rows) => of(rows.view()),
        Rows::F64(rows) => of(rows.view()),
    }
}
