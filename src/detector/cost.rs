//! What a decision costs beside the score alone, one row at a time as in a service.

use std::hint::black_box;

use serde::Serialize;

use super::decide::Detector;
use super::error::RowError;
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

/// A row's arrays, in the order of the detector's inputs.
type Arrays = Vec<Vec<f32>>;

impl Detector {
    /// Times decisions of made-up rows in turn with the score alone; every round takes 64 rows.
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
        // Layers and scores of somebody else, by name; no detector reads both.
        let named: Vec<Vec<(&str, Values<'_>)>> = (0..ROWS)
            .map(|row| {
                let named = self.inputs().iter().enumerate().filter_map(|(at, input)| match &input.kind {
                    ArrayKind::Layer(name) | ArrayKind::Score(name) => Some((name.as_str(), values(row, at))),
                    _ => None,
                });
                named.collect()
            })
            .collect();
        let rows: Vec<Row<'_>> = (0..ROWS)
            .map(|row| {
                self.inputs().iter().enumerate().fold(Row::new(), |own, (at, input)| match input.kind {
                    ArrayKind::Logits => own.with_logits(values(row, at)),
                    ArrayKind::Features => own.with_features(values(row, at)),
                    ArrayKind::Layer(_) => own.with_layers(&named[row]),
                    ArrayKind::Score(_) => own.with_scores(&named[row]),
                    ArrayKind::Labels => own,
                })
            })
            .collect();
        rows.iter().try_for_each(|row| self.decide(row).map(|_| ()))?;
        let clock = Clock::calibrated();
        let (mut decide, mut score) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
        for _ in 0..rounds {
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
            rounds,
            decide_p50: nearest_rank(&decide, 0.5),
            decide_p95: nearest_rank(&decide, 0.95),
            score_p50: nearest_rank(&score, 0.5),
            score_p95: nearest_rank(&score, 0.95),
        })
    }
}
