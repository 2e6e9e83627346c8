#![doc = include_str!("relation.md")]

use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};

use super::entry::ScoreEntry;
use super::need::Need;
use super::search::{Among, Search};
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::dump::Dump;
use crate::fit::sweep::{Base, DOUBLE, Look, Products, QUERIES, Tile, fewest_queries, pieces, sweep};
use crate::fit::{FitError, Multiples, Training};
use crate::numeric::linalg::{Threads, product};
use crate::numeric::recycled::{Recycled, RecycledMatrix};
use crate::rows::{ArrayKind, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "relation",
    title: "Relation",
    aliases: &["neural_relation_graph", "nrg"],
    reference: "Kim et al., Neural Relation Graph: A Unified Framework for Identifying Label Noise and Outlier Data, NeurIPS 2023, arXiv:2301.12321",
    page: include_str!("relation.md"),
    parameters: &[
        Parameter {
            name: "power",
            default: "1",
            help: "t, a number above 0",
            grid: &["1", "2", "4", "8"],
            counts: None,
        },
        Parameter {
            name: "threshold",
            default: "0.03",
            help: "relations up to it do not count, from 0 to below 1",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct Relation {
    power: f64,
    threshold: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Relation {
        power: settings.number("power", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?,
        threshold: settings.number("threshold", "a number from 0 to below 1", |t: &f64| (0.0..1.0).contains(t))?,
    }))
}

fn caution(dump: &Dump) -> Option<String> {
    dump.logits_are_distances().then(|| {
        "relation compares predicted probabilities, which are nearly uniform where logits are distances without the entropic scale of \
         training: it is hardly more than a sum of cosines, and 0 where 1/C is below relation.threshold"
            .to_owned()
    })
}

impl Score for Relation {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::Logits, Need::TrainFeatures, Need::TrainLogits]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (split, features) = training.features()?;
        let (rows, numbers) = (split.rows, features.columns() + training.rows().classes.unwrap_or(0));
        let what = format!("{numbers} features and probabilities of each of {rows} training rows");
        training.within_memory(ENTRY.id, &what, [1, rows, numbers])?;
        let mut directions = Array2::zeros((split.rows, features.columns()));
        let mut probabilities: Option<Array2<f64>> = None;
        for (range, block) in training.blocks(split, &[ArrayKind::Features, ArrayKind::Logits]) {
            directions.slice_mut(s![range.clone(), ..]).assign(block.unit_features());
            let p = block.probabilities();
            let all = probabilities.get_or_insert_with(|| Array2::zeros((split.rows, p.ncols())));
            all.slice_mut(s![range, ..]).assign(p);
        }
        let probabilities = probabilities.unwrap_or_default();
        Ok(Fit::new(Related { settings: *self, directions, probabilities }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (directions, probabilities) = (state.matrix("directions")?, state.matrix("probabilities")?);
        if probabilities.nrows() != directions.nrows() {
            return Err(StateError::other("probabilities", &probabilities, "a row for every direction"));
        }
        Ok(Box::new(Related { settings: *self, directions, probabilities }))
    }
}

struct Related {
    settings: Relation,
    /// `f̂_i` (n, D).
    directions: Array2<f64>,
    /// `p_i` (n, C).
    probabilities: Array2<f64>,
}

impl Fitted for Related {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        sweep(Base::Double(&self.directions), block.unit_features(), &mut [Relating::new(self, block, out)]);
    }

    fn search(&self) -> Option<&dyn Search> {
        Some(self)
    }

    fn save(&self) -> State<'_> {
        State::new().with("directions", &self.directions).with("probabilities", &self.probabilities)
    }
}

impl Search for Related {
    fn among(&self) -> Among<'_> {
        Among::Rows(&self.directions)
    }

    fn look<'a>(&'a self, block: &'a RowBlock<'_>, _: &'a Multiples, out: &'a mut [f64]) -> Box<dyn Look + 'a> {
        Box::new(Relating::new(self, block, out))
    }
}

/// Queries whose probabilities are multiplied at once, so that the products stay in a core's first caches.
const AGREEING: usize = 64;

/// Training rows whose relations are summed on their own: a longer sum would lose digits.
const SUMMED: usize = 1024;

/// Queries whose relations are summed side by side: an addition waits for the one before it.
const LANES: usize = 4;

/// Sums relations of queries, tile by tile.
struct Relating<'a> {
    related: &'a Related,
    /// Probabilities of all queries.
    p: &'a Array2<f64>,
    /// Those of the queries that are looked at, filled up to `fewest`: the same kernels then sum a row's products, whatever block it came in.
    own: RecycledMatrix<f64>,
    fewest: usize,
    agreement: RecycledMatrix<f64>,
    /// Of each query the sum since the last multiple of [`SUMMED`] training rows.
    sums: Recycled<f64>,
    out: &'a mut [f64],
    queries: Range<usize>,
}

impl<'a> Relating<'a> {
    fn new(related: &'a Related, block: &'a RowBlock<'_>, out: &'a mut [f64]) -> Self {
        let p = block.probabilities();
        let fewest = fewest_queries(related.directions.nrows(), p.ncols());
        let height = QUERIES.min(p.nrows()).max(fewest);
        out.fill(0.0);
        Self {
            related,
            p,
            own: RecycledMatrix::zeros((height, p.ncols())),
            fewest,
            agreement: RecycledMatrix::zeros((AGREEING.min(height), DOUBLE.min(related.directions.nrows()))),
            sums: Recycled::filled(0.0, height),
            out,
            queries: 0..0,
        }
    }
}

impl Look for Relating<'_> {
    fn begin(&mut self, queries: Range<usize>) {
        self.own.slice_mut(s![..queries.len(), ..]).assign(&self.p.slice(s![queries.clone(), ..]));
        self.queries = queries;
    }

    fn take(&mut self, tile: &Tile<'_>) {
        let Products::Double(cosines) = &tile.products else {
            unreachable!("rows in f64 are a base of products in f64")
        };
        let (settings, probabilities) =
            (self.related.settings, self.related.probabilities.slice(s![tile.rows.clone(), ..]));
        let filled_up = self.queries.len().max(self.fewest);
        for part in pieces(self.queries.len(), AGREEING) {
            let from = part.start.min(filled_up - self.fewest);
            let height = part.end.max(from + self.fewest) - from;
            let mut agreement = self.agreement.slice_mut(s![..height, ..tile.rows.len()]);
            let own = self.own.slice(s![from..from + height, ..]);
            product(&mut agreement, &own, &probabilities.t(), Threads::One);
            let agreement = agreement.view();
            for lanes in pieces(part.len(), LANES) {
                let rows = part.start + lanes.start..part.start + lanes.end;
                let sums = &mut self.sums[rows.clone()];
                for (columns, is_whole) in summed_together(&tile.rows) {
                    let relation =
                        |row: usize| (of_row(cosines, row, &columns), of_row(&agreement, row - from, &columns));
                    settings.add(rows.clone().map(relation), sums);
                    if is_whole {
                        let out = &mut self.out[self.queries.start..][rows.clone()];
                        add_sums(out, sums);
                    }
                }
            }
        }
    }

    fn end(&mut self) {
        let count = self.queries.len();
        add_sums(&mut self.out[self.queries.clone()], &mut self.sums[..count]);
    }
}

/// Some columns of a row.
fn of_row<'m>(matrix: &'m ArrayView2<'_, f64>, row: usize, columns: &Range<usize>) -> &'m [f64] {
    &matrix.row(row).to_slice().unwrap_or_default()[columns.clone()]
}

/// The columns of a tile of these rows whose relations are summed together, and whether the last of them ends a sum.
fn summed_together(rows: &Range<usize>) -> impl Iterator<Item = (Range<usize>, bool)> {
    let Range { start, end } = *rows;
    (start / SUMMED..end.div_ceil(SUMMED)).map(move |number| {
        let last = (number + 1) * SUMMED;
        (start.max(number * SUMMED) - start..end.min(last) - start, last <= end)
    })
}

/// Adds what was summed and starts again.
fn add_sums(out: &mut [f64], sums: &mut [f64]) {
    for (out, sum) in out.iter_mut().zip(sums) {
        *out += *sum;
        *sum = 0.0;
    }
}

impl Relation {
    /// Adds the relations of some queries, whose cosines and agreements come query by query, to their sums.
    fn add<'m>(self, mut queries: impl Iterator<Item = (&'m [f64], &'m [f64])>, sums: &mut [f64]) {
        if let (Ok(sums), true) = (<&mut [f64; LANES]>::try_from(&mut *sums), self.power == 1.0) {
            let rows: [(&[f64], &[f64]); LANES] = std::array::from_fn(|_| queries.next().unwrap_or_default());
            return self.add_side_by_side(rows, sums);
        }
        for (sum, (cosines, agreement)) in sums.iter_mut().zip(queries) {
            // The threshold is at least 0, so a negative cosine never passes.
            let relations = cosines.iter().zip(agreement).map(|(cosine, agreement)| cosine * agreement);
            let counted = relations.filter(|relation| *relation > self.threshold);
            *sum = counted.fold(*sum, |sum, r| sum + if self.power == 1.0 { r } else { r.powf(self.power) });
        }
    }

    /// The same at power 1: what does not count adds 0.
    fn add_side_by_side(self, rows: [(&[f64], &[f64]); LANES], sums: &mut [f64; LANES]) {
        let columns = rows[0].0.len();
        let rows = rows.map(|(cosines, agreement)| (&cosines[..columns], &agreement[..columns]));
        let mut own = *sums;
        for column in 0..columns {
            for (sum, (cosines, agreement)) in own.iter_mut().zip(&rows) {
                let relation = cosines[column] * agreement[column];
                *sum += if relation > self.threshold { relation } else { 0.0 };
            }
        }
        *sums = own;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::vector::unit_rows;
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    fn score(related: &Related, features: Array2<f64>, logits: Array2<f64>) -> Vec<f64> {
        let mut out = vec![0.0; features.nrows()];
        let (features, logits) = (Rows::F64(Cow2::Owned(features)), Rows::F64(Cow2::Owned(logits)));
        related.score_block(&RowBlock::new(out.len(), Some(logits), Some(features), None), &mut out);
        out
    }

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let directions = array![[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]];
        let probabilities = array![[1.0, 0.0], [0.25, 0.75], [0.5, 0.5]];
        let logits = array![[0.0, 0.0]];
        for (power, threshold, expected) in [(1.0, 0.03, 0.7), (2.0, 0.03, 0.25), (1.0, 0.3, 0.4)] {
            let settings = Relation { power, threshold };
            let related = Related { settings, directions: directions.clone(), probabilities: probabilities.clone() };
            let found = score(&related, array![[3.0, 4.0]], logits.clone());
            assert!((found[0] - expected).abs() < 1e-15, "{found:?}");
        }
    }

    /// To the byte: alone, in the middle of a block, in its last chunk.
    #[test]
    fn a_row_does_not_depend_on_its_block() {
        let wave = |rows: usize, columns: usize, step: f64| {
            Array2::from_shape_fn((rows, columns), |(i, j)| ((i * columns + j) as f64 * step).sin())
        };
        // The last tile of training rows may be of two, where products have kernels of their own, of few classes and of many.
        for (rows, columns, classes) in [(1500, 37, 5), (146, 256, 5), (148, 100, 100), (146, 3, 200)] {
            let related = Related {
                settings: Relation { power: 1.0, threshold: 0.0 },
                directions: unit_rows(&wave(rows, columns, 0.7)).into_array(),
                probabilities: wave(rows, classes, 0.3).mapv(f64::abs),
            };
            let (features, logits) = (wave(200, columns, 1.1), wave(200, classes, 0.9));
            let together = score(&related, features.clone(), logits.clone());
            for row in 0..200 {
                let one = |rows: &Array2<f64>| rows.slice(s![row..=row, ..]).to_owned();
                let alone = score(&related, one(&features), one(&logits));
                assert_eq!(alone, together[row..=row], "{rows} × {columns}, {classes} classes, row {row}");
            }
        }
    }
}
