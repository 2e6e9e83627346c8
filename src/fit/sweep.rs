//! The products of queries with all rows of a base, tile by tile, for everything that looks at them.
//!
//! Scores that compare rows with the same training rows differ in what they make of the products, not in the products. A tile is computed once and shown to
//! all of them before the next one overwrites it, so memory does not grow with the rows. One that looks alone goes the same way. Products are in `f32`: most
//! looks choose candidates by them, which they settle by themselves; what [counts](Look::counts) them adds so many that their roundings cancel.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};

use crate::numeric::linalg::{Threads, product};
use crate::numeric::pair::{exponent, power_of_two};
use crate::numeric::recycled::{Recycled, RecycledMatrix};
use crate::numeric::row_product::fewest_rows;

/// Queries whose products are held at once. A product brings a tile into another order first, which takes the less of the time the more queries there are.
pub const QUERIES: usize = 512;

/// Most rows of a tile: so many that tile and products, 590 kB each at 512 columns, hardly leave a core's second-level cache, and a multiple of the 96 that
/// faer multiplies at once.
pub const TILE: usize = 288;

/// Rows that queries are multiplied with.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// The rows, divided by 2 to the power.
    pub rows: &'a Array2<f32>,
    /// The power.
    pub exponent: i32,
}

impl Base<'_> {
    /// Writes a row as it is multiplied, without the power.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn write_row(&self, row: usize, out: &mut [f64]) {
        let scale = power_of_two(self.exponent);
        out.iter_mut().zip(self.rows.row(row)).for_each(|(to, from)| *to = f64::from(*from) * scale);
    }
}

/// Products of some queries, as rows, with some rows of the base, as columns.
pub struct Tile<'a> {
    /// The rows of the base.
    pub rows: Range<usize>,
    /// The products.
    pub products: ArrayView2<'a, f32>,
    /// By which power of two the products of each query have to be multiplied.
    pub exponents: &'a [i32],
}

/// What looks at products.
pub trait Look {
    /// These queries come next.
    fn begin(&mut self, queries: Range<usize>);

    /// Takes their products with the next rows of the base.
    fn take(&mut self, tile: &Tile<'_>);

    /// There are no more rows.
    fn end(&mut self);

    /// Whether what comes out is made of the products, not of candidates that they choose: those of a query then must not depend on which others stand beside
    /// it.
    fn counts(&self) -> bool {
        false
    }
}

impl<T: Look + ?Sized> Look for Box<T> {
    fn begin(&mut self, queries: Range<usize>) {
        (**self).begin(queries);
    }

    fn take(&mut self, tile: &Tile<'_>) {
        (**self).take(tile);
    }

    fn end(&mut self) {
        (**self).end();
    }

    fn counts(&self) -> bool {
        (**self).counts()
    }
}

/// As many queries as have to be multiplied at least, tile by tile with so many rows of so many numbers, so that the products of one do not depend on how many
/// there are.
#[must_use]
pub fn fewest_queries(rows: usize, columns: usize) -> usize {
    pieces(rows, TILE).map(|tile| fewest_rows(columns, tile.len())).max().unwrap_or(1)
}

/// Multiplies queries with a base and shows the products.
///
/// # Panics
/// If queries have another number of columns than the base.
pub fn sweep(base: Base<'_>, queries: &Array2<f64>, looks: &mut [impl Look]) {
    let Base { rows, exponent: power } = base;
    assert_eq!(queries.ncols(), rows.ncols(), "columns of queries and of the rows that they are multiplied with");
    let fewest = if looks.iter().any(Look::counts) { fewest_queries(rows.nrows(), rows.ncols()) } else { 1 };
    let height = QUERIES.min(queries.nrows()).max(fewest);
    let mut scaled = RecycledMatrix::<f32>::zeros((height, rows.ncols()));
    let mut exponents = Recycled::filled(0_i32, height);
    let mut products = RecycledMatrix::<f32>::zeros((height, TILE.min(rows.nrows())));
    for range in pieces(queries.nrows(), QUERIES) {
        let count = range.len();
        let chunk = queries.slice(s![range.clone(), ..]);
        for ((query, scaled), sum) in chunk.rows().into_iter().zip(scaled.rows_mut()).zip(exponents.iter_mut()) {
            // Not below that of the rows, so that squares of both are comparable within `f32`.
            let own = exponent(query.iter()).max(power);
            let factor = power_of_two(-own);
            scaled.into_iter().zip(query).for_each(|(to, from)| *to = (from * factor) as f32);
            *sum = own + power;
        }
        looks.iter_mut().for_each(|look| look.begin(range.clone()));
        for tile in pieces(rows.nrows(), TILE) {
            // What fills the queries up, zeros or those of the chunk before, is multiplied and not shown.
            let mut all = products.slice_mut(s![..count.max(fewest), ..tile.len()]);
            let queries = scaled.slice(s![..count.max(fewest), ..]);
            product(&mut all, &queries, &rows.slice(s![tile.clone(), ..]).t(), Threads::One);
            let shown = Tile { rows: tile, products: all.slice(s![..count, ..]), exponents: &exponents[..count] };
            looks.iter_mut().for_each(|look| look.take(&shown));
        }
        looks.iter_mut().for_each(Look::end);
    }
}

/// Consecutive ranges of so many numbers, the last one of fewer.
pub fn pieces(all: usize, step: usize) -> impl Iterator<Item = Range<usize>> {
    (0..all).step_by(step).map(move |start| start..all.min(start + step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::noise::Congruential;

    /// Keeps all products, and the size of the largest tile.
    #[derive(Default)]
    struct Kept {
        queries: Range<usize>,
        products: Vec<Vec<f64>>,
        largest: usize,
    }

    impl Look for Kept {
        fn begin(&mut self, queries: Range<usize>) {
            self.queries = queries;
            self.products.resize(self.queries.end, Vec::new());
        }

        fn take(&mut self, tile: &Tile<'_>) {
            assert_eq!(tile.exponents.len(), self.queries.len());
            for (i, query) in self.queries.clone().enumerate() {
                assert_eq!(self.products[query].len(), tile.rows.start);
                let scale = power_of_two(tile.exponents[i]);
                self.products[query].extend(tile.products.row(i).iter().map(|p| f64::from(*p) * scale));
            }
            self.largest = self.largest.max(self.queries.len() * tile.rows.len());
        }

        fn end(&mut self) {}
    }

    /// Whatever the number of queries and rows: all pairs once, and never more at a time than a tile.
    #[test]
    fn every_product_is_shown_once_and_few_at_a_time() {
        let mut noise = Congruential::new(7);
        let mut matrix = |rows: usize| {
            Array2::from_shape_simple_fn((rows, 5), || f64::from(noise.bits()) / f64::from(1 << 24) - 0.5)
        };
        for (count, rows) in [(1, 1), (3, 700), (QUERIES + 3, 2 * TILE + 1), (2 * QUERIES, TILE)] {
            let (queries, rows) = (matrix(count), matrix(rows));
            let expected = queries.dot(&rows.t());
            let single = rows.mapv(|value| (4.0 * value) as f32);
            let mut looks = [Kept::default(), Kept::default()];
            sweep(Base { rows: &single, exponent: -2 }, &queries, &mut looks);
            for kept in looks {
                assert_eq!(kept.products.len(), count);
                for (found, expected) in kept.products.iter().zip(expected.rows()) {
                    assert_eq!(found.len(), expected.len());
                    assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() <= 1e-6));
                }
                assert!(kept.largest <= QUERIES * TILE);
            }
        }
    }
}
