#![doc = include_str!("relation.md")]

use std::ops::Range;

use multiversion::multiversion;
use ndarray::{Array2, ArrayView1, s};

use super::entry::ScoreEntry;
use super::need::Need;
use super::search::Search;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::dump::Dump;
use crate::fit::bank::{Bank, Nearness};
use crate::fit::sweep::{Base, Look, QUERIES, TILE, Tile, fewest_queries, pieces, sweep};
use crate::fit::{FitError, Multiples, Training};
use crate::numeric::linalg::{Threads, product};
use crate::numeric::pair::power_of_two;
use crate::numeric::recycled::RecycledMatrix;
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
        let directions =
            || training.blocks(split, &[ArrayKind::Features]).map(|(_, block)| block.unit_features().clone());
        let bank = Bank::new(Nearness::Distance, rows, features.columns(), directions);
        let mut probabilities: Option<Array2<f64>> = None;
        for (range, block) in training.blocks(split, &[ArrayKind::Features, ArrayKind::Logits]) {
            let p = block.probabilities();
            let all = probabilities.get_or_insert_with(|| Array2::zeros((rows, p.ncols())));
            all.slice_mut(s![range, ..]).assign(p);
        }
        Ok(Fit::new(Related { settings: *self, bank, probabilities: probabilities.unwrap_or_default() }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (bank, probabilities) = (Bank::restore(Nearness::Distance, state)?, state.matrix("probabilities")?);
        if probabilities.nrows() != bank.rows() {
            return Err(StateError::other("probabilities", &probabilities, "a row for every direction"));
        }
        Ok(Box::new(Related { settings: *self, bank, probabilities }))
    }
}

struct Related {
    settings: Relation,
    /// `f̂_i` (n, D), held as other scores hold them, so that products are shared to the last digit.
    bank: Bank,
    /// `p_i` (n, C).
    probabilities: Array2<f64>,
}

impl Fitted for Related {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        sweep(self.bank.base(), block.unit_features(), &mut [Relating::new(self, block, out)]);
    }

    fn search(&self) -> Option<&dyn Search> {
        Some(self)
    }

    fn save(&self) -> State<'_> {
        self.bank.save().with("probabilities", &self.probabilities)
    }
}

impl Search for Related {
    fn bank(&self) -> &Bank {
        &self.bank
    }

    /// The products are what is summed: those of rows within a rounding would be others.
    fn multiples_of(&self, base: Base<'_>) -> Option<Multiples> {
        self.bank.is(base).then(|| Multiples::same(self.bank.rows()))
    }

    fn look<'a>(&'a self, block: &'a RowBlock<'_>, _: &'a Multiples, out: &'a mut [f64]) -> Box<dyn Look + 'a> {
        Box::new(Relating::new(self, block, out))
    }
}

/// Queries whose probabilities are multiplied at once, so that the products stay in a core's first caches.
const AGREEING: usize = 64;

/// Training rows whose relations are summed on their own: a longer sum would lose digits.
const SUMMED: usize = 1024;

/// Sums side by side of a query, of every eighth training row each: an addition waits for the one before it.
const LANES: usize = 8;

/// Sums relations of queries, tile by tile.
struct Relating<'a> {
    related: &'a Related,
    /// Probabilities of all queries.
    p: &'a Array2<f64>,
    /// Those of the queries that are looked at, filled up to `fewest`: the same kernels then sum a row's products, whatever block it came in.
    own: RecycledMatrix<f64>,
    fewest: usize,
    agreement: RecycledMatrix<f64>,
    sums: Sums<'a>,
    queries: Range<usize>,
}

/// Sums of relations.
struct Sums<'a> {
    settings: Relation,
    /// Of each query that is looked at [`LANES`] sums, since the last multiple of [`SUMMED`] training rows.
    running: RecycledMatrix<f64>,
    /// Of all queries what was summed before.
    out: &'a mut [f64],
    /// The first that is looked at.
    start: usize,
}

impl<'a> Relating<'a> {
    fn new(related: &'a Related, block: &'a RowBlock<'_>, out: &'a mut [f64]) -> Self {
        let (p, rows) = (block.probabilities(), related.bank.rows());
        let fewest = fewest_queries(rows, p.ncols());
        let height = QUERIES.min(p.nrows()).max(fewest);
        out.fill(0.0);
        Self {
            related,
            p,
            own: RecycledMatrix::zeros((height, p.ncols())),
            fewest,
            agreement: RecycledMatrix::zeros((AGREEING.min(height), TILE.min(rows))),
            sums: Sums { settings: related.settings, running: RecycledMatrix::zeros((height, LANES)), out, start: 0 },
            queries: 0..0,
        }
    }
}

impl Look for Relating<'_> {
    fn begin(&mut self, queries: Range<usize>) {
        self.own.slice_mut(s![..queries.len(), ..]).assign(&self.p.slice(s![queries.clone(), ..]));
        self.sums.start = queries.start;
        self.queries = queries;
    }

    fn take(&mut self, tile: &Tile<'_>) {
        let probabilities = self.related.probabilities.slice(s![tile.rows.clone(), ..]);
        let filled_up = self.queries.len().max(self.fewest);
        for part in pieces(self.queries.len(), AGREEING) {
            let from = part.start.min(filled_up - self.fewest);
            let height = part.end.max(from + self.fewest) - from;
            let mut agreement = self.agreement.slice_mut(s![..height, ..tile.rows.len()]);
            let own = self.own.slice(s![from..from + height, ..]);
            product(&mut agreement, &own, &probabilities.t(), Threads::One);
            let own_rows = agreement.slice(s![part.start - from.., ..]);
            for (query, agreement) in part.zip(own_rows.rows()) {
                let cosines = Cosines { row: tile.products.row(query), scale: power_of_two(tile.exponents[query]) };
                self.sums.add(query, &tile.rows, &cosines, agreement);
            }
        }
    }

    fn end(&mut self) {
        for query in 0..self.queries.len() {
            self.sums.end(query);
        }
    }

    fn counts(&self) -> bool {
        true
    }
}

/// Cosines of a query, divided by a power of two.
struct Cosines<'a> {
    row: ArrayView1<'a, f32>,
    scale: f64,
}

impl Sums<'_> {
    /// Adds the relations of a query with these training rows.
    fn add(&mut self, query: usize, rows: &Range<usize>, cosines: &Cosines<'_>, agreement: ArrayView1<'_, f64>) {
        let (row, agreement) = (cosines.row.to_slice().unwrap_or_default(), agreement.to_slice().unwrap_or_default());
        for (columns, is_whole) in summed_together(rows) {
            let mut sums = self.running.row_mut(query);
            if let Some(sums) = sums.as_slice_mut().and_then(<[f64]>::first_chunk_mut) {
                let (row, agreement) = (&row[columns.clone()], &agreement[columns]);
                self.settings.add(row, cosines.scale, agreement, sums);
            }
            if is_whole {
                self.end(query);
            }
        }
    }

    /// Adds what was summed and starts again.
    fn end(&mut self, query: usize) {
        let mut sums = self.running.row_mut(query);
        self.out[self.start + query] += sums.sum();
        sums.fill(0.0);
    }
}

/// The columns of a tile of these rows whose relations are summed together, and whether the last of them ends a sum. Tiles and sums are multiples of [`LANES`].
fn summed_together(rows: &Range<usize>) -> impl Iterator<Item = (Range<usize>, bool)> {
    let Range { start, end } = *rows;
    (start / SUMMED..end.div_ceil(SUMMED)).map(move |number| {
        let last = (number + 1) * SUMMED;
        (start.max(number * SUMMED) - start..end.min(last) - start, last <= end)
    })
}

impl Relation {
    /// Adds the relations of a query to its sums, from cosines that are multiplied by a power of two.
    fn add(self, cosines: &[f32], scale: f64, agreement: &[f64], sums: &mut [f64; LANES]) {
        if self.power == 1.0 {
            return add_plain(cosines, scale, agreement, self.threshold, sums);
        }
        for (place, (cosine, agreement)) in cosines.iter().zip(agreement).enumerate() {
            // The threshold is at least 0, so a negative cosine never passes.
            let relation = f64::from(*cosine) * scale * agreement;
            if relation > self.threshold {
                sums[place % LANES] += relation.powf(self.power);
            }
        }
    }
}

/// The same at power 1: what does not count adds 0.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2", "aarch64+neon"))]
fn add_plain(cosines: &[f32], scale: f64, agreement: &[f64], threshold: f64, sums: &mut [f64; LANES]) {
    let add = |sum: &mut f64, cosine: f32, agreement: f64| {
        let relation = f64::from(cosine) * scale * agreement;
        *sum += if relation > threshold { relation } else { 0.0 };
    };
    let (eights, more) = cosines.as_chunks::<LANES>();
    let (own_eights, own_more) = agreement.as_chunks::<LANES>();
    // A copy stays in registers.
    let mut own = *sums;
    for (cosines, agreement) in eights.iter().zip(own_eights) {
        for lane in 0..LANES {
            add(&mut own[lane], cosines[lane], agreement[lane]);
        }
    }
    for (sum, (cosine, agreement)) in own.iter_mut().zip(more.iter().zip(own_more)) {
        add(sum, *cosine, *agreement);
    }
    *sums = own;
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

    fn bank(directions: &Array2<f64>) -> Bank {
        Bank::new(Nearness::Distance, directions.nrows(), directions.ncols(), || std::iter::once(directions.clone()))
    }

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let bank = bank(&array![[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]);
        let probabilities = array![[1.0, 0.0], [0.25, 0.75], [0.5, 0.5]];
        let logits = array![[0.0, 0.0]];
        for (power, threshold, expected) in [(1.0, 0.03, 0.7), (2.0, 0.03, 0.25), (1.0, 0.35, 0.4)] {
            let settings = Relation { power, threshold };
            let related = Related { settings, bank: bank.clone(), probabilities: probabilities.clone() };
            let found = score(&related, array![[3.0, 4.0]], logits.clone());
            assert!((found[0] - expected).abs() < 1e-7, "{found:?}");
        }
    }

    /// To the byte: alone, in the middle of a block, in its last chunk, which is filled up.
    #[test]
    fn a_row_does_not_depend_on_its_block() {
        let wave = |rows: usize, columns: usize, step: f64| {
            Array2::from_shape_fn((rows, columns), |(i, j)| ((i * columns + j) as f64 * step).sin())
        };
        let count = QUERIES + 3;
        // The last tile of training rows may be of one or two, where products have kernels of their own, of few classes and of many.
        for (rows, columns, classes) in
            [(1500, 37, 5), (146, 256, 5), (148, 100, 100), (146, 3, 200), (TILE + 1, 256, 5), (TILE + 2, 70, 2)]
        {
            let related = Related {
                settings: Relation { power: 1.0, threshold: 0.0 },
                bank: bank(&unit_rows(&wave(rows, columns, 0.7))),
                probabilities: wave(rows, classes, 0.3).mapv(f64::abs),
            };
            let (features, logits) = (wave(count, columns, 1.1), wave(count, classes, 0.9));
            let together = score(&related, features.clone(), logits.clone());
            for row in (0..count).step_by(5).chain(QUERIES - 1..count) {
                let one = |rows: &Array2<f64>| rows.slice(s![row..=row, ..]).to_owned();
                let alone = score(&related, one(&features), one(&logits));
                assert_eq!(alone, together[row..=row], "{rows} × {columns}, {classes} classes, row {row}");
            }
        }
    }

    /// By all pairs in `f64`: no further off than one rounding to `f32`.
    #[test]
    fn is_the_sum_over_all_pairs() {
        let mut noise = crate::numeric::noise::Noise::new(7);
        let mut normal = |rows: usize, columns: usize| Array2::from_shape_simple_fn((rows, columns), || noise.normal());
        let (training, of_training, features, logits) =
            (normal(3000, 64), normal(3000, 4), normal(40, 64), normal(40, 4));
        let softmax = |row: ndarray::ArrayView1<'_, f64>| {
            let powers = row.mapv(f64::exp);
            &powers / powers.sum()
        };
        let mut probabilities = of_training;
        for mut row in probabilities.rows_mut() {
            let p = softmax(row.view());
            row.assign(&p);
        }
        let directions = unit_rows(&training).into_array();
        let related =
            Related { settings: Relation { power: 1.0, threshold: 0.0 }, bank: bank(&directions), probabilities };
        let found = score(&related, features.clone(), logits.clone());
        let queries = unit_rows(&features);
        for (row, found) in found.into_iter().enumerate() {
            let p = softmax(logits.row(row));
            let pairs = directions.rows().into_iter().zip(related.probabilities.rows());
            let expected: f64 = pairs.map(|(t, q)| t.dot(&queries.row(row)).max(0.0) * q.dot(&p)).sum();
            assert!((found / expected - 1.0).abs() < 6e-8, "row {row}: {found}, {expected}");
        }
    }
}
