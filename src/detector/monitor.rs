//! A drift alarm on a stream of rows: p-values of the scores among calibration rows and all rows seen before, and a martingale that bets on them.
//!
//! # P-values
//!
//! P-values among a fixed set of n calibration rows are not independent of each other, since all share its error: over a long stream of ID rows a
//! martingale would grow for that alone. So the bag grows with the stream:
//!
//! ```text
//! half of the calibration rows, by a seed made of them:  b_(1) ≤ … ≤ b_(m), fixed bounds of m + 1 cells
//! the other half: the bag to begin with
//! row t:  p_t = (#{bag in lower cells} + (#{bag in the same cell} + 1)·U_t) / (#bag + 1),   then the row joins the bag
//! ```
//!
//! Given the bounds, the rows of the bag and of a stream of ID rows are exchangeable, so that p_1, p_2, … are independent and uniform: exactly, for any
//! distribution and any length (Vovk, Gammerman & Shafer, 2005, theorem 8.2). Memory is a counter per cell. The seed is the checksum of the calibration
//! scores: another one for every calibration, since one seed for all would choose the same ranks of each; U_t comes from it and t.

use rand::SeedableRng as _;
use rand::distr::{Distribution as _, Uniform};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::martingale::Martingale;
use super::subset::chosen;
use crate::numeric::checksum::{Checksum, Hasher};

/// Changes whenever a state of before could be misread.
pub const FORMAT: u32 = 1;

/// Most rows that are counted.
const MOST_ROWS: u64 = 1 << 53;

/// The state of an alarm; it can be written between two parts of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitor {
    /// [`FORMAT`].
    format: u32,
    /// Of the calibration scores it belongs to.
    calibration: Checksum,
    /// Rows of the bag in each cell.
    cells: Vec<u64>,
    /// Rows of the stream so far, those without a score among them.
    pub rows: u64,
    /// Rows without a score, which nothing is bet on.
    pub without_score: u64,
    /// The score of the last row, none if it has none: by it another log is told from one that has grown.
    pub last: Option<f64>,
    /// The martingale.
    pub martingale: Martingale,
    /// The largest so far.
    pub highest: f64,
    /// The probability of a false alarm, α.
    pub alpha: f64,
    /// The row of the stream at which 1/α was reached.
    pub alarm: Option<u64>,
}

/// A monitor together with what it compares rows with.
pub struct Watch {
    bounds: Vec<f64>,
    /// Fenwick's sums of the cells, so that a row costs their logarithm.
    sums: Vec<u64>,
    bag: u64,
    rng: ChaCha8Rng,
    unit: Uniform<f64>,
    /// What there is to keep.
    pub monitor: Monitor,
}

impl Watch {
    /// A stream that begins.
    #[must_use]
    pub fn begin(calibration: &Calibration, martingale: Martingale, alpha: f64) -> Self {
        let (bounds, rest) = halves(calibration);
        let mut cells = vec![0; bounds.len() + 1];
        rest.iter().for_each(|score| cells[cell(&bounds, *score)] += 1);
        let monitor = Monitor {
            format: FORMAT,
            calibration: checksum(calibration),
            cells,
            rows: 0,
            without_score: 0,
            last: None,
            martingale,
            highest: 0.0,
            alpha,
            alarm: None,
        };
        Self::of(bounds, monitor)
    }

    /// A stream that goes on; `None` if the state is that of another detector.
    #[must_use]
    pub fn resume(calibration: &Calibration, monitor: Monitor) -> Option<Self> {
        let (bounds, _) = halves(calibration);
        let bag = monitor.cells.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
        let sound = monitor.format == FORMAT
            && monitor.cells.len() == bounds.len() + 1
            && monitor.alpha > 0.0
            && monitor.alpha < 1.0
            && monitor.martingale.is_sound()
            && monitor.highest.is_finite()
            && monitor.without_score <= monitor.rows
            && monitor.rows < MOST_ROWS
            && bag.is_some_and(|bag| bag < MOST_ROWS);
        (sound && monitor.calibration == checksum(calibration)).then(|| Self::of(bounds, monitor))
    }

    fn of(bounds: Vec<f64>, monitor: Monitor) -> Self {
        let mut sums = vec![0; monitor.cells.len() + 1];
        for (at, count) in monitor.cells.iter().enumerate() {
            add(&mut sums, at, *count);
        }
        let bag = monitor.cells.iter().sum();
        let unit = Uniform::new(0.0, 1.0).expect("0 is below 1");
        let mut rng = ChaCha8Rng::seed_from_u64(monitor.calibration.seed());
        // Two words of the generator's stream per row.
        rng.set_word_pos(2 * u128::from(monitor.rows));
        Self { bounds, sums, bag, rng, unit, monitor }
    }

    /// Takes the score of the next row, NaN if it has none. Gives back its p-value, NaN if there is none.
    pub fn next(&mut self, score: f64) -> f64 {
        let u: f64 = self.unit.sample(&mut self.rng);
        self.monitor.rows += 1;
        self.monitor.last = score.is_finite().then_some(score);
        if score.is_nan() {
            self.monitor.without_score += 1;
            return f64::NAN;
        }
        let cell = cell(&self.bounds, score);
        let (below, equal) = (below(&self.sums, cell), self.monitor.cells[cell]);
        // U is drawn from 0 on; 1 − U is above 0, and a p-value of 0 would earn infinitely much.
        let p = (below as f64 + (equal + 1) as f64 * (1.0 - u)) / (self.bag + 1) as f64;
        self.monitor.cells[cell] += 1;
        add(&mut self.sums, cell, 1);
        self.bag += 1;
        let log = self.monitor.martingale.bet(p);
        self.monitor.highest = self.monitor.highest.max(log);
        if self.monitor.alarm.is_none() && log >= -self.monitor.alpha.ln() {
            self.monitor.alarm = Some(self.monitor.rows - 1);
        }
        p
    }
}

/// The two halves of the calibration scores of all classes, sorted: bounds of cells, and the bag to begin with.
fn halves(calibration: &Calibration) -> (Vec<f64>, Vec<f64>) {
    let scores = calibration.scores();
    let bounds = chosen(scores.len() / 2, scores.len(), checksum(calibration).seed());
    let half = |which: bool| {
        let mut half: Vec<f64> =
            scores.iter().zip(&bounds).filter(|(_, own)| **own == which).map(|(c, _)| *c).collect();
        half.sort_by(f64::total_cmp);
        half
    };
    (half(true), half(false))
}

fn checksum(calibration: &Calibration) -> Checksum {
    let mut hasher = Hasher::new();
    hasher.doubles(calibration.scores());
    hasher.finish()
}

/// The cell of a score: how many bounds are at most that.
fn cell(bounds: &[f64], score: f64) -> usize {
    bounds.partition_point(|&bound| bound <= score)
}

/// Adds to a cell.
fn add(sums: &mut [u64], cell: usize, count: u64) {
    let mut at = cell + 1;
    while at < sums.len() {
        sums[at] += count;
        at += at & at.wrapping_neg();
    }
}

/// The sum of all cells before one.
fn below(sums: &[u64], cell: usize) -> u64 {
    let (mut at, mut sum) = (cell, 0);
    while at > 0 {
        sum += sums[at];
        at &= at - 1;
    }
    sum
}
