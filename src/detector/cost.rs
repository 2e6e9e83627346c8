//! What a decision costs beside the score alone, one row at a time as in a service.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::decide::Detector;
use super::error::RowError;
use super::input::Input;
use super::row::{Row, Values};
use crate::latency::clock::Clock;
use crate::latency::percentile::nearest_rank;
use crate::numeric::noise::Congruential;
use crate::rows::ArrayKind;

/// Nanoseconds per row on one thread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DecisionCost {
    /// Rounds timed.
    pub rounds: usize,
    /// Median of checking, scoring, p-value and decision.
    pub decide_p50: f64,
    /// 95th percentile of it.
    pub decide_p95: f64,
    /// Median of the score alone, from the same rows.
    pub score_p50: f64,
    /// 95th percentile of it.
    pub score_p95: f64,
}

/// Different rows, so that no branch learns one by heart.
const ROWS: usize = 64;

/// How long it takes at most, but for one round.
const LONGEST: Duration = Duration::from_millis(200);

/// A row's arrays, in the order of the detector's inputs.
type Arrays = Vec<Vec<f32>>;

impl Detector {
    /// Decides a row of zeros, whatever comes of it.
    pub(super) fn decide_zeros(&self) {
        let zeros = vec![0.0_f64; self.inputs().iter().map(|input| input.columns).max().unwrap_or(0)];
        let values = |at: usize| Values::from(&zeros[..self.inputs()[at].columns]);
        let named = Named::of(self.inputs(), values);
        let row = made_up(self.inputs(), &named, values);
        let _ = self.decide(&row);
    }

    /// Times decisions of made-up rows in turn with the score alone; every round takes 64 rows. After a fifth of a second no round begins.
    ///
    /// # Errors
    /// [`RowError`] if rows of small numbers have no finite score.
    pub fn cost(&self, rounds: usize) -> Result<DecisionCost, RowError> {
        let mut noise = Congruential::new(1);
        let mut array = |columns: usize| (0..columns).map(|_| noise.bits() as f32 / 2_097_152.0).collect::<Vec<f32>>();
        let single: Vec<Arrays> =
            (0..ROWS).map(|_| self.inputs().iter().map(|input| array(input.columns)).collect()).collect();
        let double: Vec<Vec<Vec<f64>>> = single
            .iter()
            .map(|row| row.iter().map(|array| array.iter().copied().map(f64::from).collect()).collect())
            .collect();
        let values = |row: usize, at: usize| {
            if self.inputs()[at].roundoff < f64::from(f32::EPSILON) / 2.0 {
                Values::from(&double[row][at])
            } else {
                Values::from(&single[row][at])
            }
        };
        let named: Vec<Named<'_>> = (0..ROWS).map(|row| Named::of(self.inputs(), |at| values(row, at))).collect();
        let rows: Vec<Row<'_>> =
            named.iter().enumerate().map(|(row, named)| made_up(self.inputs(), named, |at| values(row, at))).collect();
        rows.iter().try_for_each(|row| self.decide(row).map(|_| ()))?;
        let clock = Clock::calibrated();
        let (mut decide, mut score) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
        let begun = Instant::now();
        while decide.len() < rounds && (decide.is_empty() || begun.elapsed() < LONGEST) {
            let time = |work: &dyn Fn(&Row<'_>)| clock.time(|| rows.iter().for_each(work)) / ROWS as f64;
            decide.push(time(&|row| {
                let _ = black_box(self.decide(black_box(row)));
            }));
            score.push(time(&|row| {
                let block = black_box(row).block(self.inputs(), self.head());
                let mut out = [0.0];
                self.score().scorer.score_block(&block, &mut out);
                black_box(out);
            }));
        }
        Ok(DecisionCost {
            rounds: decide.len(),
            decide_p50: nearest_rank(&decide, 0.5),
            decide_p95: nearest_rank(&decide, 0.95),
            score_p50: nearest_rank(&score, 0.5),
            score_p95: nearest_rank(&score, 0.95),
        })
    }
}

/// The arrays of a row that are known by name.
struct Named<'a> {
    layers: Vec<(&'a str, Values<'a>)>,
    scores: Vec<(&'a str, Values<'a>)>,
    variants: Vec<(&'a str, Values<'a>)>,
    grams: Vec<(&'a str, Values<'a>)>,
}

impl<'a> Named<'a> {
    /// Of the inputs, the values of each by its place.
    fn of(inputs: &'a [Input], values: impl Fn(usize) -> Values<'a>) -> Self {
        let mut named = Self { layers: Vec::new(), scores: Vec::new(), variants: Vec::new(), grams: Vec::new() };
        for (at, input) in inputs.iter().enumerate() {
            match &input.kind {
                ArrayKind::Layer(name) => named.layers.push((name, values(at))),
                ArrayKind::Score(name) => named.scores.push((name, values(at))),
                ArrayKind::Variant(name) => named.variants.push((name, values(at))),
                ArrayKind::Gram(layer) => named.grams.push((layer, values(at))),
                ArrayKind::Logits | ArrayKind::Features | ArrayKind::Labels => {}
            }
        }
        named
    }
}

/// A row that has every input.
fn made_up<'a>(inputs: &[Input], named: &'a Named<'a>, values: impl Fn(usize) -> Values<'a>) -> Row<'a> {
    let row = Row::new().with_layers(&named.layers).with_scores(&named.scores).with_variants(&named.variants);
    let row = row.with_grams(&named.grams);
    inputs.iter().enumerate().fold(row, |row, (at, input)| match input.kind {
        ArrayKind::Logits => row.with_logits(values(at)),
        ArrayKind::Features => row.with_features(values(at)),
        ArrayKind::Layer(_) | ArrayKind::Score(_) | ArrayKind::Variant(_) | ArrayKind::Gram(_) | ArrayKind::Labels => {
            row
        }
    })
}
