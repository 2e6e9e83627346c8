//! The products of queries with all rows of a base, tile by tile, for everything that looks at them.
//!
//! Scores that compare rows with the same training rows differ in what they make of the products, not in the products. A tile is computed once and shown to
//! all of them before the next one overwrites it, so memory does not grow with the rows. One that looks alone goes the same way: products in `f64` are the
//! same to the last bit whoever looks beside it, those in `f32` are estimates that nothing but a choice of candidates is made by.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};

use crate::numeric::linalg::{Threads, product};
use crate::numeric::pair::{exponent, power_of_two};
use crate::numeric::recycled::{Recycled, RecycledMatrix};
use crate::numeric::row_product::fewest_rows;

/// Queries whose products are held at once. A product brings a tile into another order first, which takes the less of the time the more queries there are.
pub const QUERIES: usize = 512;

/// Most rows of a tile in `f32`: so many that tile and products, 590 kB each at 512 columns, hardly leave a core's second-level cache, and a multiple of the
/// 96 that faer multiplies at once.
pub const SINGLE: usize = 288;

/// Most rows of a tile in `f64`, likewise a multiple of 48.
pub const DOUBLE: usize = 144;

/// Rows that queries are multiplied with.
#[derive(Clone, Copy, Debug)]
pub enum Base<'a> {
    /// In `f32`, divided by 2 to this power.
    Single(&'a Array2<f32>, i32),
    /// In `f64`.
    Double(&'a Array2<f64>),
}

impl Base<'_> {
    /// Number of rows and of columns.
    #[must_use]
    pub fn dim(&self) -> (usize, usize) {
        match self {
            Self::Single(rows, _) => rows.dim(),
            Self::Double(rows) => rows.dim(),
        }
    }

    /// Writes a row as it is multiplied, without the power.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn write_row(&self, row: usize, out: &mut [f64]) {
        match self {
            Self::Single(rows, power) => {
                let scale = power_of_two(*power);
                out.iter_mut().zip(rows.row(row)).for_each(|(to, from)| *to = f64::from(*from) * scale);
            }
            Self::Double(rows) => out.iter_mut().zip(rows.row(row)).for_each(|(to, from)| *to = *from),
        }
    }
}

/// Products of some queries, as rows, with some rows of the base, as columns.
pub struct Tile<'a> {
    /// The rows of the base.
    pub rows: Range<usize>,
    /// The products.
    pub products: Products<'a>,
    /// By which power of two the products of each query have to be multiplied.
    pub exponents: &'a [i32],
}

/// The products of a tile.
pub enum Products<'a> {
    /// With a base in `f32`.
    Single(ArrayView2<'a, f32>),
    /// With a base in `f64`.
    Double(ArrayView2<'a, f64>),
}

/// What looks at products.
pub trait Look {
    /// These queries come next.
    fn begin(&mut self, queries: Range<usize>);

    /// Takes their products with the next rows of the base.
    fn take(&mut self, tile: &Tile<'_>);

    /// There are no more rows.
    fn end(&mut self);
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
}

/// Multiplies queries with a base and shows the products.
///
/// # Panics
/// If queries have another number of columns than the base.
pub fn sweep(base: Base<'_>, queries: &Array2<f64>, looks: &mut [impl Look]) {
    assert_eq!(queries.ncols(), base.dim().1, "columns of queries and of the rows that they are multiplied with");
    match base {
        Base::Single(rows, power) => in_single(rows, power, queries, looks),
        Base::Double(rows) => in_double(rows, queries, looks),
    }
}

fn in_single(rows: &Array2<f32>, power: i32, queries: &Array2<f64>, looks: &mut [impl Look]) {
    let height = QUERIES.min(queries.nrows());
    let mut scaled = RecycledMatrix::<f32>::zeros((height, rows.ncols()));
    let mut exponents = Recycled::filled(0_i32, height);
    let mut products = RecycledMatrix::<f32>::zeros((height, SINGLE.min(rows.nrows())));
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
        for tile in pieces(rows.nrows(), SINGLE) {
            let mut products = products.slice_mut(s![..count, ..tile.len()]);
            let (queries, of_tile) = (scaled.slice(s![..count, ..]), rows.slice(s![tile.clone(), ..]));
            product(&mut products, &queries, &of_tile.t(), Threads::One);
            let shown = Products::Single(products.view());
            show(looks, &Tile { rows: tile, products: shown, exponents: &exponents[..count] });
        }
        looks.iter_mut().for_each(Look::end);
    }
}

/// As many queries as have to be multiplied at least, tile by tile with so many rows of so many numbers, so that the products of one in `f64` do not depend on
/// how many there are.
#[must_use]
pub fn fewest_queries(rows: usize, columns: usize) -> usize {
    pieces(rows, DOUBLE).map(|tile| fewest_rows(columns, tile.len())).max().unwrap_or(1)
}

fn in_double(rows: &Array2<f64>, queries: &Array2<f64>, looks: &mut [impl Look]) {
    let fewest = fewest_queries(rows.nrows(), rows.ncols());
    let height = QUERIES.min(queries.nrows()).max(fewest);
    let exponents = Recycled::filled(0_i32, height);
    let mut products = RecycledMatrix::<f64>::zeros((height, DOUBLE.min(rows.nrows())));
    for range in pieces(queries.nrows(), QUERIES) {
        let count = range.len();
        let chunk = queries.slice(s![range.clone(), ..]);
        // The same kernels sum a row's products, whatever block it came in.
        let filled_up = (count < fewest).then(|| {
            let mut filled_up = RecycledMatrix::<f64>::zeros((fewest, rows.ncols()));
            filled_up.slice_mut(s![..count, ..]).assign(&chunk);
            filled_up
        });
        let chunk = filled_up.as_ref().map_or(chunk, |filled_up| filled_up.view());
        looks.iter_mut().for_each(|look| look.begin(range.clone()));
        for tile in pieces(rows.nrows(), DOUBLE) {
            let mut all = products.slice_mut(s![..chunk.nrows(), ..tile.len()]);
            product(&mut all, &chunk, &rows.slice(s![tile.clone(), ..]).t(), Threads::One);
            let shown = Products::Double(all.slice(s![..count, ..]));
            show(looks, &Tile { rows: tile, products: shown, exponents: &exponents[..count] });
        }
        looks.iter_mut().for_each(Look::end);
    }
}

fn show(looks: &mut [impl Look], tile: &Tile<'_>) {
    looks.iter_mut().for_each(|look| look.take(tile));
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
                match &tile.products {
                    Products::Single(all) => {
                        self.products[query].extend(all.row(i).iter().map(|p| f64::from(*p) * scale));
                    }
                    Products::Double(all) => self.products[query].extend(all.row(i)),
                }
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
        for (count, rows) in [(1, 1), (3, 700), (QUERIES + 3, 2 * SINGLE + 1), (2 * QUERIES, DOUBLE)] {
            let (queries, rows) = (matrix(count), matrix(rows));
            let expected = queries.dot(&rows.t());
            let single = rows.mapv(|value| (4.0 * value) as f32);
            for (base, tolerance) in [(Base::Double(&rows), 1e-15), (Base::Single(&single, -2), 1e-6)] {
                let mut looks = [Kept::default(), Kept::default()];
                sweep(base, &queries, &mut looks);
                for kept in looks {
                    assert_eq!(kept.products.len(), count);
                    for (found, expected) in kept.products.iter().zip(expected.rows()) {
                        assert_eq!(found.len(), expected.len());
                        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() <= tolerance));
                    }
                    assert!(kept.largest <= QUERIES * SINGLE);
                }
            }
        }
    }
}
