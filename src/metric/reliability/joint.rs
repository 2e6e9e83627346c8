#![doc = include_str!("joint.md")]
//!
//! ```
//! use oodbench::metric::reliability::joint::{IdRow, OodRow, exact};
//! let id = [(3.0, 0.9, true), (2.0, 0.8, false), (1.0, 0.9, true)];
//! let id = id.map(|(score, confidence, is_right)| IdRow { score, confidence, is_right });
//! let ood = [(2.0, 0.5), (0.0, 0.9)].map(|(score, confidence)| OodRow { score, confidence });
//! let found = exact(&id, &ood);
//! assert_eq!((found.f1, found.ds_f1), (4.0 / 7.0, 4.0 / 5.0));
//! ```

use rayon::prelude::*;

/// The page that `oodbench explain joint` shows.
pub const PAGE: &str = include_str!("joint.md");

/// An ID row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IdRow {
    /// Its OOD score, higher = more in-distribution.
    pub score: f64,
    /// Its largest probability.
    pub confidence: f64,
    /// Whether it is classified rightly.
    pub is_right: bool,
}

/// An OOD row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OodRow {
    /// Its OOD score, higher = more in-distribution.
    pub score: f64,
    /// Its largest probability.
    pub confidence: f64,
}

/// How reliable what is accepted is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointReliability {
    /// The largest F1 of two thresholds.
    pub ds_f1: f64,
    /// The area under the least risks of two thresholds.
    pub ds_aurc: f64,
    /// The largest F1 of a threshold of the score.
    pub f1: f64,
    /// The area under the least risks of a threshold of the score.
    pub aurc: f64,
}

/// Bins of coverage.
const BINS: usize = 100;

/// Steps of the authors' grid.
const STEPS: usize = 1000;

/// With every threshold that makes a difference, of finite numbers and at least one ID row.
#[must_use]
pub fn exact(id: &[IdRow], ood: &[OodRow]) -> JointReliability {
    let distinct = |number: fn(&IdRow) -> f64| {
        let mut all: Vec<f64> = id.iter().map(number).collect();
        all.sort_unstable_by(|a, b| b.total_cmp(a));
        all.dedup();
        all
    };
    let (scores, confidences) = (distinct(|row| row.score), distinct(|row| row.confidence));
    // The first of these falling thresholds that a number reaches; one more for what reaches none.
    let level = |levels: &[f64], number: f64| levels.partition_point(|level| *level > number);
    let rows = |score: f64, confidence: f64| (level(&scores, score), level(&confidences, confidence));
    let found = Found::of(id, ood, (scores.len(), confidences.len() + 1), rows);
    let area = |risks: &Risks| {
        let mut risks = risks.of_bins.clone();
        // All ID rows are accepted by the lowest thresholds, so there is a bin above every other.
        risks[BINS - 1] = risks[BINS - 1].min(risks[BINS]);
        area(&risks[..BINS], risks[BINS])
    };
    JointReliability {
        ds_f1: found.both.f1,
        ds_aurc: area(&found.both),
        f1: found.single.f1,
        aurc: area(&found.single),
    }
}

/// As the authors' program does, of finite numbers and at least one ID row.
#[must_use]
pub fn sureplus(id: &[IdRow], ood: &[OodRow]) -> JointReliability {
    let scores = || id.iter().map(|row| row.score).chain(ood.iter().map(|row| row.score));
    let (least, largest) = (scores().fold(f64::INFINITY, f64::min), scores().fold(f64::NEG_INFINITY, f64::max));
    let width = if largest > least { largest - least } else { 1.0 };
    // The first of the falling thresholds 1, 0.999, ... 0 that a number from 0 to 1 reaches.
    let level = |number: f64| {
        let guess = ((number * STEPS as f64) as usize + 1).min(STEPS);
        let step = (0..=guess).rev().find(|step| *step as f64 / STEPS as f64 <= number).unwrap_or(0);
        STEPS - step
    };
    let rows = |score: f64, confidence: f64| (level((score - least) / width), level(confidence));
    let found = Found::of(id, ood, (STEPS + 1, STEPS + 1), rows);
    let area = |risks: &Risks| {
        let mut of_bins = risks.of_bins.clone();
        if risks.accepts_none {
            of_bins[0] = of_bins[0].min(1.0);
        }
        area(&of_bins[..BINS], 1.0)
    };
    JointReliability {
        ds_f1: found.both.f1,
        ds_aurc: area(&found.both),
        f1: found.single.f1,
        aurc: area(&found.single),
    }
}

/// The area under the risks of bins; an empty one has what the next one above has, or `above`.
fn area(risks: &[f64], above: f64) -> f64 {
    let mut next = above;
    let mut filled: Vec<f64> = risks.to_vec();
    for risk in filled.iter_mut().rev() {
        if risk.is_finite() {
            next = *risk;
        }
        *risk = next;
    }
    filled.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0 / BINS as f64).sum()
}

/// What some thresholds reach at best.
#[derive(Clone)]
struct Risks {
    f1: f64,
    /// The least risk of each bin of coverage, then that of coverage 1; infinite where no threshold has it.
    of_bins: Vec<f64>,
    /// Whether a threshold accepts no row.
    accepts_none: bool,
}

impl Risks {
    fn none() -> Self {
        Self { f1: 0.0, of_bins: vec![f64::INFINITY; BINS + 1], accepts_none: false }
    }

    fn add(&mut self, accepted: Counts, bin: usize, id: f64) {
        let all = f64::from(accepted.id + accepted.ood);
        if all == 0.0 {
            self.accepts_none = true;
            return;
        }
        let right = f64::from(accepted.right);
        self.f1 = self.f1.max(2.0 * right / (all + id));
        let risk = (all - right) / all;
        self.of_bins[bin] = self.of_bins[bin].min(risk);
    }

    fn join(mut self, other: &Self) -> Self {
        self.f1 = self.f1.max(other.f1);
        self.accepts_none |= other.accepts_none;
        self.of_bins.iter_mut().zip(&other.of_bins).for_each(|(own, other)| *own = own.min(*other));
        self
    }
}

/// Rows of each kind.
#[derive(Clone, Copy, Default)]
struct Counts {
    right: u32,
    id: u32,
    ood: u32,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.right += other.right;
        self.id += other.id;
        self.ood += other.ood;
    }
}

/// What both thresholds reach, and that of the score alone.
struct Found {
    both: Risks,
    single: Risks,
}

impl Found {
    /// Tries every pair of thresholds; `level` says the first of each that a row reaches.
    fn of(
        id: &[IdRow],
        ood: &[OodRow],
        (scores, confidences): (usize, usize),
        level: impl Fn(f64, f64) -> (usize, usize),
    ) -> Self {
        let id_rows = id
            .iter()
            .map(|row| (level(row.score, row.confidence), Counts { right: u32::from(row.is_right), id: 1, ood: 0 }));
        let ood_rows = ood.iter().map(|row| (level(row.score, row.confidence), Counts { ood: 1, ..Counts::default() }));
        let mut rows: Vec<((usize, usize), Counts)> = id_rows.chain(ood_rows).collect();
        // What reaches no threshold of an ID row is accepted by none that is tried.
        rows.retain(|((score, confidence), _)| *score < scores && *confidence < confidences);
        rows.sort_by_key(|((score, _), _)| *score);
        let bins: Vec<usize> = (0..=id.len()).map(|accepted| accepted * BINS / id.len()).collect();
        let sweep = |range: (usize, usize)| {
            let (begin, end) = range;
            let mut counts = vec![Counts::default(); confidences];
            let mut found = Self { both: Risks::none(), single: Risks::none() };
            let mut next = rows.partition_point(|((score, _), _)| *score < begin);
            rows[..next].iter().for_each(|((_, confidence), count)| counts[*confidence].add(*count));
            for score in begin..end {
                while let Some(((_, confidence), count)) = rows.get(next).filter(|((own, _), _)| *own == score) {
                    counts[*confidence].add(*count);
                    next += 1;
                }
                let mut accepted = Counts::default();
                for count in &counts {
                    accepted.add(*count);
                    found.both.add(accepted, bins[accepted.id as usize], id.len() as f64);
                }
                found.single.add(accepted, bins[accepted.id as usize], id.len() as f64);
            }
            found
        };
        let step = scores.div_ceil(64).max(1);
        let ranges: Vec<(usize, usize)> =
            (0..scores).step_by(step).map(|begin| (begin, scores.min(begin + step))).collect();
        let none = || Self { both: Risks::none(), single: Risks::none() };
        let join = |a: Self, b: Self| Self { both: a.both.join(&b.both), single: a.single.join(&b.single) };
        // Least and largest do not depend on who is asked first.
        ranges.into_par_iter().map(sweep).reduce(none, join)
    }
}
