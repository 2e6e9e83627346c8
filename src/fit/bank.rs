//! A bank of rows, and the k of them nearest to a query: candidates by a product in `f32`, decided in `f64`.
//!
//! A product of a block of queries and a tile of the bank in `f32` costs half of one in `f64`. Its rounding is bounded, so it names all
//! rows that may be among the k nearest ([`TopK`]); those few are computed again, one by one, in `f64`. What comes out is what `f64` would give
//! for all rows, and depends neither on the block a query stands in nor on the order in which a product is summed, nor on whose product it is: that of
//! queries with other rows, of which those of the bank are multiples, does as well ([`Bank::search`]).

use std::cmp::Ordering;
use std::ops::Range;

use ndarray::{Array2, ArrayView1, s};

use super::multiples::Multiples;
use super::sweep::{Base, Look, QUERIES, Tile, sweep};
use crate::numeric::pair::{EXPONENTS, exponent, join, power_of_two, split};
use crate::numeric::recycled::{Recycled, RecycledMatrix};
use crate::numeric::top_k::{Candidate, TopK};
use crate::numeric::vector::{dot, norm, squared_distance};
use crate::state::{State, StateError};

/// What "near" means, and what is told of the nearest rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearness {
    /// The largest inner products `⟨q, t⟩`.
    InnerProduct,
    /// The smallest Euclidean distances `‖q − t‖₂`.
    Distance,
}

/// Rows to be searched.
///
/// Each element is held as a pair of `f32` ([`split`]), 8 bytes; the high parts alone are the matrix that is multiplied.
#[derive(Clone, Debug)]
pub struct Bank {
    nearness: Nearness,
    high: Array2<f32>,
    low: Array2<f32>,
    /// `‖t‖²/2` of each row.
    half_squares: Vec<f32>,
    /// The largest `‖t‖`.
    longest: f64,
    /// All of the above is of rows divided by 2 to this power, which keeps squares within `f32`.
    exponent: i32,
}

/// How far from 0 exponents may be for products to be scaled within `f32`: 2 to four times it is far from its ends.
const MOST_SCALED: i32 = 20;
/// The unit roundoff of `f32`.
const ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;

impl Bank {
    /// Holds `rows` rows of `columns` elements, which come in blocks. The blocks are read twice: for their size, then to be held.
    ///
    /// # Panics
    /// If the blocks have more rows than told or another number of columns.
    #[must_use]
    pub fn new<I: Iterator<Item = Array2<f64>>>(
        nearness: Nearness,
        rows: usize,
        columns: usize,
        blocks: impl Fn() -> I,
    ) -> Self {
        let exponent = blocks().map(|block| exponent(&block)).max().unwrap_or(0);
        let (mut high, mut low) = (Array2::zeros((rows, columns)), Array2::zeros((rows, columns)));
        let mut half_squares = vec![0.0; rows];
        let (mut longest, mut row) = (0.0_f64, 0);
        for block in blocks() {
            let scaled = block.as_standard_layout().mapv(|value| value * power_of_two(-exponent));
            let (mut high, mut low) = (high.slice_mut(s![row.., ..]), low.slice_mut(s![row.., ..]));
            for ((values, high), low) in scaled.rows().into_iter().zip(high.rows_mut()).zip(low.rows_mut()) {
                let values = values.to_slice().unwrap_or_default();
                split(values, high.into_slice().unwrap_or_default(), low.into_slice().unwrap_or_default());
                let length = norm(values);
                longest = longest.max(length);
                half_squares[row] = (length * length / 2.0) as f32;
                row += 1;
            }
        }
        Self { nearness, high, low, half_squares, longest, exponent }
    }

    /// What a file keeps of it: low parts only where some are not zero, as those of `f32` rows all are.
    #[must_use]
    pub fn save(&self) -> State<'_> {
        let state = State::new()
            .with("high", &self.high)
            .with("half_squares", &self.half_squares)
            .with_number("longest", self.longest)
            .with_number("exponent", f64::from(self.exponent));
        if self.low.iter().all(|low| *low == 0.0) { state } else { state.with("low", &self.low) }
    }

    /// What was saved, searched in the same sense.
    ///
    /// # Errors
    /// [`StateError`] if it is something else.
    pub fn restore(nearness: Nearness, state: &mut State<'_>) -> Result<Self, StateError> {
        let other =
            |name: &str, found: String, expected| Err(StateError::Other { name: name.to_owned(), found, expected });
        let high = state.single_matrix("high")?;
        let low = if state.has("low") { state.single_matrix("low")? } else { Array2::zeros(high.dim()) };
        if low.dim() != high.dim() {
            return other("low", format!("shape {:?}", low.dim()), "the shape of high");
        }
        let half_squares = state.single_vector("half_squares")?.to_vec();
        if half_squares.len() != high.nrows() {
            return other("half_squares", format!("{} numbers", half_squares.len()), "one for every row of high");
        }
        let (longest, exponent) = (state.number("longest")?, state.number("exponent")?);
        if !(longest.is_finite() && longest >= 0.0) {
            return other("longest", longest.to_string(), "a length");
        }
        let (least, most) = (f64::from(*EXPONENTS.start()), f64::from(*EXPONENTS.end()));
        if exponent.fract() != 0.0 || !(least..=most).contains(&exponent) {
            return other("exponent", exponent.to_string(), "a whole number from -500 to 1000");
        }
        Ok(Self { nearness, high, low, half_squares, longest, exponent: exponent as i32 })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.high.nrows()
    }

    /// What its rows are multiplied as.
    #[must_use]
    pub fn base(&self) -> Base<'_> {
        Base { rows: &self.high, exponent: self.exponent }
    }

    /// What is near.
    #[must_use]
    pub fn nearness(&self) -> Nearness {
        self.nearness
    }

    /// Which multiples its rows are of those of a base, if they are, and within a range in which products with the base can be scaled to those with it.
    #[must_use]
    pub fn multiples_of(&self, base: Base<'_>) -> Option<Multiples> {
        if std::ptr::eq(base.rows, &self.high) {
            return Some(Multiples::same(self.rows()));
        }
        let in_range = |exponent: i32| exponent.abs() <= MOST_SCALED;
        let write_row = |row: usize, out: &mut [f64]| {
            join(slice(&self.high, row), slice(&self.low, row), power_of_two(self.exponent), out);
        };
        (in_range(base.exponent) && in_range(self.exponent))
            .then(|| Multiples::find(self.high.dim(), write_row, base))
            .flatten()
    }

    /// Whether a base has its rows, digit by digit.
    #[must_use]
    pub fn is(&self, base: Base<'_>) -> bool {
        base.exponent == self.exponent && (std::ptr::eq(base.rows, &self.high) || base.rows == self.high)
    }

    /// Calls `take` for every query, in order, with its index and its k largest inner products or smallest distances, best first;
    /// all where the bank has fewer than k rows.
    ///
    /// # Panics
    /// If queries have another number of columns than the bank.
    pub fn nearest(&self, queries: &Array2<f64>, k: usize, take: impl FnMut(usize, &[f64])) {
        let same = Multiples::same(self.rows());
        sweep(self.base(), queries, &mut [self.search(&same, queries, k, take)]);
    }

    /// The same search by products with a base whose multiples its rows are. Queries are to be vectors of length 1 at most, unless the base is its own.
    #[must_use]
    pub fn search<'a, T: FnMut(usize, &[f64])>(
        &'a self,
        multiples: &'a Multiples,
        queries: &'a Array2<f64>,
        k: usize,
        take: T,
    ) -> Nearest<'a, T> {
        let (columns, at_once, k) = (self.high.ncols(), QUERIES.min(queries.nrows()), k.clamp(1, self.rows().max(1)));
        Nearest {
            bank: self,
            multiples,
            queries,
            chunk: 0..0,
            high: RecycledMatrix::zeros((at_once, columns)),
            low: RecycledMatrix::zeros((at_once, columns)),
            exponents: Recycled::filled(0, at_once),
            tops: (0..at_once).map(|_| TopK::new(k)).collect(),
            k,
            query: Recycled::filled(0.0, columns),
            row: Recycled::filled(0.0, columns),
            places: Recycled::default(),
            estimates: Recycled::default(),
            best: Recycled::default(),
            take,
        }
    }

    /// The nearer first.
    fn order(&self, a: &f64, b: &f64) -> Ordering {
        match self.nearness {
            Nearness::InnerProduct => b.total_cmp(a),
            Nearness::Distance => a.total_cmp(b),
        }
    }

    /// A bound on the error of `⟨q, t⟩ − shrink·‖t‖²/2`, computed in `f32`, for a query of this length.
    ///
    /// A sum of D products in any order, with or without fused multiplication, is off by at most `γ_D Σ|q_j t_j| ≤ γ_D ‖q‖‖t‖`, with
    /// `γ_m = m u/(1 − m u)` and u the unit roundoff (Higham, Accuracy and Stability of Numerical Algorithms, §3.1). Rounding q, t and ‖t‖²/2
    /// to `f32`, taking the product with a multiple of t (twice 2u) by a factor, the subtraction and the comparison add fewer than 16 roundings. What
    /// underflows is far below 1e-30 in all, where ‖t‖ reaches 1.
    fn error(&self, length: f64, shrink: f64) -> f64 {
        let roundings = (self.high.ncols() + 16) as f64 * ROUNDOFF;
        let gamma = if roundings < 0.5 { roundings / (1.0 - roundings) } else { f64::INFINITY };
        gamma * self.longest * (length + shrink * self.longest / 2.0) + 1e-30
    }
}

/// A search for the nearest rows of queries that are multiplied chunk by chunk.
pub struct Nearest<'a, T> {
    bank: &'a Bank,
    multiples: &'a Multiples,
    queries: &'a Array2<f64>,
    /// The queries that are looked at.
    chunk: Range<usize>,
    /// Their high parts, each query divided by 2 to its exponent.
    high: RecycledMatrix<f32>,
    low: RecycledMatrix<f32>,
    exponents: Recycled<i32>,
    tops: Recycled<TopK>,
    k: usize,
    query: Recycled<f64>,
    row: Recycled<f64>,
    /// Where the columns of a tile are that its rows are multiples of.
    places: Recycled<usize>,
    estimates: Recycled<f32>,
    best: Recycled<f64>,
    take: T,
}

impl<T: FnMut(usize, &[f64])> Look for Nearest<'_, T> {
    fn begin(&mut self, queries: Range<usize>) {
        for (i, query) in queries.clone().enumerate() {
            self.set(i, query);
        }
        self.chunk = queries;
    }

    /// Offers what products say of how near rows are.
    fn take(&mut self, tile: &Tile<'_>) {
        let own = self.multiples.within(&tile.rows);
        let places = self.multiples.places(&tile.rows);
        let is_part = places.is_some();
        self.places.clear();
        self.places.extend(places.into_iter().flatten());
        let factors = self.multiples.factors(&own);
        // The nearer, the larger: ‖q − t‖² = ‖q‖² − 2 (⟨q, t⟩ − ‖t‖²/2).
        let half_squares = (self.bank.nearness == Nearness::Distance).then(|| &self.bank.half_squares[own.clone()]);
        for i in 0..self.chunk.len() {
            let exponent = self.exponents[i] + self.bank.exponent;
            let scale = power_of_two(tile.exponents[i] - exponent) as f32;
            let (estimates, places) = (&mut *self.estimates, is_part.then_some(&self.places[..]));
            scaled(estimates, tile.products.row(i), places, scale);
            if let Some(factors) = factors {
                estimates.iter_mut().zip(factors).for_each(|(estimate, factor)| *estimate *= factor);
            }
            if let Some(half_squares) = half_squares {
                let shrink = power_of_two(self.bank.exponent - self.exponents[i]) as f32;
                estimates.iter_mut().zip(half_squares).for_each(|(estimate, half)| *estimate -= shrink * half);
            }
            self.tops[i].offer(own.start, estimates);
            if self.tops[i].is_crowded() {
                self.settle(i);
            }
        }
    }

    fn end(&mut self) {
        for (i, query) in self.chunk.clone().enumerate() {
            self.decide(i);
            (self.take)(query, &self.best);
        }
    }
}

/// Products times a power of two, those at these places or all.
fn scaled(out: &mut Vec<f32>, products: ArrayView1<'_, f32>, places: Option<&[usize]>, scale: f32) {
    let products = products.to_slice().unwrap_or_default();
    out.clear();
    match places {
        Some(places) => out.extend(places.iter().map(|place| products[*place] * scale)),
        None => out.extend(products.iter().map(|product| product * scale)),
    }
}

impl<T> Nearest<'_, T> {
    /// Takes a query, with an exponent not below the bank's.
    fn set(&mut self, i: usize, query: usize) {
        let (bank, query) = (self.bank, self.queries.row(query));
        let exponent = exponent(query.iter()).max(bank.exponent);
        self.exponents[i] = exponent;
        self.query.iter_mut().zip(query).for_each(|(to, from)| *to = from * power_of_two(-exponent));
        let error = bank.error(norm(&self.query), power_of_two(bank.exponent - exponent));
        self.tops[i].restart((2.0 * error) as f32);
        let (mut high, mut low) = (self.high.row_mut(i), self.low.row_mut(i));
        split(&self.query, high.as_slice_mut().unwrap_or_default(), low.as_slice_mut().unwrap_or_default());
    }

    /// Computes all candidates of a query anew and keeps the k best, best first.
    fn decide(&mut self, i: usize) {
        self.compute(i);
        let bank = self.bank;
        self.best.sort_unstable_by(|a, b| bank.order(a, b));
        self.best.truncate(self.k);
    }

    /// Does so before all rows were looked at, so that rows which are equally near do not pile up.
    fn settle(&mut self, i: usize) {
        self.compute(i);
        let bank = self.bank;
        let mut all: Vec<(f64, Candidate)> =
            self.best.iter().copied().zip(self.tops[i].held().iter().copied()).collect();
        all.select_nth_unstable_by(self.k - 1, |a, b| bank.order(&a.0, &b.0));
        self.tops[i].keep(all.iter().take(self.k).map(|(_, candidate)| *candidate));
    }

    /// Writes the inner products or distances of all candidates, in their order.
    fn compute(&mut self, i: usize) {
        let (bank, query, row) = (self.bank, &mut self.query[..], &mut self.row[..]);
        // The query is rounded as the bank is: a row that stands in both is at distance 0.
        join(slice(&self.high, i), slice(&self.low, i), 1.0, query);
        let scale = power_of_two(self.exponents[i]);
        let shrink = power_of_two(bank.exponent - self.exponents[i]);
        self.best.clear();
        for &(_, candidate) in self.tops[i].candidates() {
            join(slice(&bank.high, candidate), slice(&bank.low, candidate), shrink, row);
            self.best.push(match bank.nearness {
                Nearness::InnerProduct => dot(query, row) * scale * scale,
                Nearness::Distance => squared_distance(query, row).sqrt() * scale,
            });
        }
    }
}

fn slice(rows: &Array2<f32>, i: usize) -> &[f32] {
    rows.row(i).to_slice().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::evenly_spaced::evenly_spaced;
    use crate::fit::sweep::{TILE, pieces};
    use crate::numeric::noise::Congruential;
    use crate::numeric::vector::unit_rows;
    use ndarray::Axis;
    use proptest::prelude::*;

    fn bank(nearness: Nearness, rows: &Array2<f64>) -> Bank {
        let blocks =
            || [rows.slice(s![..rows.nrows() / 3, ..]), rows.slice(s![rows.nrows() / 3.., ..])].map(|b| b.to_owned());
        Bank::new(nearness, rows.nrows(), rows.ncols(), || blocks().into_iter())
    }

    fn nearest(bank: &Bank, queries: &Array2<f64>, k: usize) -> Vec<Vec<f64>> {
        let mut found = Vec::new();
        bank.nearest(queries, k, |i, best| {
            assert_eq!(i, found.len());
            found.push(best.to_vec());
        });
        found
    }

    #[test]
    fn a_file_whose_arrays_do_not_fit_together_is_refused() {
        let bank = bank(Nearness::Distance, &Array2::from_shape_fn((4, 3), |(i, j)| (i * 3 + j) as f64));
        let refused = |mut state: State<'_>| Bank::restore(Nearness::Distance, &mut state).err().unwrap().to_string();
        let (fewer, narrow) = (bank.half_squares[..3].to_vec(), bank.high.slice(s![.., ..2]).to_owned());
        assert!(refused(bank.save().with("half_squares", &fewer)).contains("3 numbers"));
        assert!(refused(bank.save().with("low", &narrow)).contains("the shape of high"));
        assert!(refused(bank.save().with_number("longest", f64::NAN)).contains("a length"));
        for exponent in [1e300, 0.5, 1001.0, -501.0, f64::NAN] {
            assert!(refused(bank.save().with_number("exponent", exponent)).contains("a whole number"));
        }
        Bank::restore(Nearness::Distance, &mut bank.save()).unwrap();
    }

    /// All pairs in plain `f64`.
    fn plain(nearness: Nearness, rows: &Array2<f64>, query: &[f64], k: usize) -> Vec<f64> {
        let pair = |row: ndarray::ArrayView1<'_, f64>| match nearness {
            Nearness::InnerProduct => row.iter().zip(query).map(|(t, q)| t * q).sum::<f64>(),
            Nearness::Distance => row.iter().zip(query).map(|(t, q)| (t - q).powi(2)).sum::<f64>().sqrt(),
        };
        let mut all: Vec<f64> = rows.rows().into_iter().map(pair).collect();
        all.sort_by(f64::total_cmp);
        if nearness == Nearness::InnerProduct {
            all.reverse();
        }
        all.truncate(k);
        all
    }

    /// Rows of several kinds: spread, so close that `f32` cannot tell them apart, and equal.
    fn rows(n: usize, columns: usize, spread: f64, scale: f64, seed: u32) -> Array2<f64> {
        let mut noise = Congruential::new(seed);
        Array2::from_shape_simple_fn((n, columns), || {
            scale * (1.0 + spread * (f64::from(noise.bits()) / f64::from(1 << 24) - 0.5))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn equals_plain_f64(
            n in 1_usize..2500, columns in 1_usize..40, k in 1_usize..60,
            spread in prop::sample::select(vec![2.0, 1e-3, 1e-9, 0.0]),
            scales in prop::sample::select(vec![(1.0, 1.0), (1e30, 1.0), (1.0, 1e30), (1e-40, 1e-40), (1e-30, 1.0), (0.0, 1.0)]),
            distance: bool, seed: u32,
        ) {
            let nearness = if distance { Nearness::Distance } else { Nearness::InnerProduct };
            let (rows, queries) = (rows(n, columns, spread, scales.0, seed), rows(3, columns, spread, scales.1, seed ^ 1));
            let bank = bank(nearness, &rows);
            let together = nearest(&bank, &queries, k);
            for (i, found) in together.iter().enumerate() {
                let query = queries.row(i);
                let expected = plain(nearness, &rows, query.as_slice().unwrap(), k);
                prop_assert_eq!(found.len(), expected.len());
                // Pairs hold 48 bits, and distances cancel.
                let size = scales.0.max(scales.1) * if distance { 1.0 } else { scales.0.min(scales.1) };
                let tolerance = 1e-13 * columns as f64 * size;
                prop_assert!(found.iter().zip(&expected).all(|(f, e)| (f - e).abs() <= tolerance), "{:?} {:?}", found, expected);
                let alone = nearest(&bank, &queries.slice(s![i..=i, ..]).to_owned(), k);
                prop_assert_eq!(&alone[0], found);
            }
        }
    }

    #[test]
    fn a_row_of_the_bank_is_at_distance_zero_of_itself() {
        let rows = rows(700, 33, 1.0, 1.0 / 3.0, 5);
        let bank = bank(Nearness::Distance, &rows);
        assert!(nearest(&bank, &rows, 1).iter().all(|best| best[0] == 0.0));
    }

    /// Rows that are all equally near do not pile up, whatever the number of queries.
    #[test]
    fn what_is_equally_near_does_not_fill_the_memory() {
        let (rows, queries) = (rows(20_000, 3, 0.0, 1.0, 9), Array2::zeros((2, 3)));
        for nearness in [Nearness::InnerProduct, Nearness::Distance] {
            let (bank, same) = (bank(nearness, &rows), Multiples::same(20_000));
            let products = Array2::<f32>::zeros((2, TILE));
            let mut search = bank.search(&same, &queries, 5, |_, best| assert_eq!(best.len(), 5));
            search.begin(0..2);
            for rows in pieces(20_000, TILE) {
                let products = products.slice(s![.., ..rows.len()]);
                search.take(&Tile { rows, products, exponents: &[0, 0] });
                assert!(search.tops.iter().all(|top| top.held().len() < 2000));
            }
            search.end();
        }
    }

    /// By products with rows whose multiples those of the bank are: the same to the last bit.
    #[test]
    fn products_with_other_rows_do_as_well() {
        let units = |n: usize, seed: u32| unit_rows(&rows(n, 33, 2.0, 1.0, seed)).into_array();
        let (all, queries) = (units(1500, 3), units(600, 4));
        let chosen: Vec<usize> = evenly_spaced(1500, 400, &(0..1500)).collect();
        let mut scaled = all.select(Axis(0), &chosen);
        for (i, mut row) in scaled.rows_mut().into_iter().enumerate() {
            row *= [-3.0, 0.0, 700.0, 1e-3][i % 4];
        }
        let plain = bank(Nearness::Distance, &all);
        for (nearness, rows) in
            [(Nearness::InnerProduct, &scaled), (Nearness::Distance, &scaled), (Nearness::InnerProduct, &all)]
        {
            let bank = bank(nearness, rows);
            let expected = nearest(&bank, &queries, 7);
            let (multiples, mut found) = (bank.multiples_of(plain.base()).unwrap(), Vec::new());
            let take = |_: usize, best: &[f64]| found.push(best.to_vec());
            sweep(plain.base(), &queries, &mut [bank.search(&multiples, &queries, 7, take)]);
            assert_eq!(found, expected, "{nearness:?}");
        }
    }
}
