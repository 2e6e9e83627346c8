//! Rows that are multiples of other rows, so that products with those tell those with them.

use std::ops::Range;

use rayon::prelude::*;

use super::evenly_spaced::{self, evenly_spaced, indices};
use super::sweep::Base;
use crate::numeric::vector::{dot, norm, squared_distance};

/// Which rows are which multiples of those of a base: row i is `factors[i]` times the base's row `⌊i·of/rows⌋`, as
/// [evenly spaced](super::evenly_spaced::evenly_spaced) rows are.
#[derive(Clone, Debug)]
pub struct Multiples {
    rows: usize,
    /// Rows of the base.
    of: usize,
    /// None where all are 1.
    factors: Option<Vec<f32>>,
}

/// How far, as a share of its length, a row may be from a multiple, and a factor from 1: a rounding to `f32`, of rows on both sides.
const ROUNDING: f64 = f32::EPSILON as f64;

/// The longest rows of a base, and the largest factors.
const LONGEST: f64 = 1e30;

impl Multiples {
    /// Rows that are those of the base.
    #[must_use]
    pub fn same(rows: usize) -> Self {
        Self { rows, of: rows, factors: None }
    }

    /// Finds out from the rows themselves, which `write_row` writes, whether they are multiples of those of a base, wherever both came from; within a rounding
    /// to `f32` of each row's length. Looks at every row once.
    #[must_use]
    pub fn find(dim: (usize, usize), write_row: impl Fn(usize, &mut [f64]) + Sync, base: Base<'_>) -> Option<Self> {
        let ((rows, columns), (of, of_columns)) = (dim, base.rows.dim());
        if rows > of || columns != of_columns {
            return None;
        }
        let room = || (vec![0.0; columns], vec![0.0; columns]);
        let factor = |(own, other): &mut (Vec<f64>, Vec<f64>), row: usize| {
            write_row(row, own);
            base.write_row(evenly_spaced::row(of, rows, row), other);
            ratio(own, other).map(|ratio| ratio as f32)
        };
        let factors = (0..rows).into_par_iter().map_init(room, factor).collect::<Option<Vec<f32>>>()?;
        let differs = factors.iter().any(|factor| (factor - 1.0).abs() > f32::EPSILON);
        Some(Self { rows, of, factors: differs.then_some(factors) })
    }

    /// The rows that are multiples of some consecutive rows of the base.
    #[must_use]
    pub fn within(&self, of: &Range<usize>) -> Range<usize> {
        indices(self.of, self.rows, of)
    }

    /// The places, among these rows of the base, of what [`Multiples::within`] tells; none where they are all of them.
    pub fn places(&self, of: &Range<usize>) -> Option<impl Iterator<Item = usize>> {
        let (rows, all, start) = (self.rows, self.of, of.start);
        (rows < all).then(|| evenly_spaced(all, rows, of).map(move |row| row - start))
    }

    /// The factors of some of the rows; none where all are 1.
    #[must_use]
    pub fn factors(&self, rows: &Range<usize>) -> Option<&[f32]> {
        self.factors.as_ref().map(|factors| &factors[rows.clone()])
    }
}

/// By what the other vector has to be multiplied to give the first, if it does; overwrites the other.
fn ratio(own: &[f64], other: &mut [f64]) -> Option<f64> {
    let squares = dot(other, other);
    let ratio = if squares > 0.0 { dot(own, other) / squares } else { 1.0 };
    other.iter_mut().for_each(|value| *value *= ratio);
    // Products of vectors of length 1 with such rows, and such multiples of them, are numbers in f32.
    let is_in_range = squares <= LONGEST * LONGEST && ratio.abs() <= LONGEST;
    (is_in_range && squared_distance(own, other).sqrt() <= ROUNDING * norm(own)).then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn find(rows: &Array2<f64>, base: &Array2<f64>) -> Option<Multiples> {
        let write_row = |row: usize, out: &mut [f64]| out.copy_from_slice(rows.row(row).to_slice().unwrap());
        Multiples::find(rows.dim(), write_row, Base { rows: &base.mapv(|value| value as f32), exponent: 0 })
    }

    #[test]
    fn finds_rows_and_factors() {
        let base = array![[0.75, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]];
        let scaled = array![[-1.5, -2.0], [3.0, 0.0], [0.0, 0.0], [0.0, 0.0]];
        let multiples = find(&scaled, &base).unwrap();
        assert_eq!(multiples.factors(&(0..4)), Some(&[-2.0, 3.0, 1.0, 0.0][..]));
        assert_eq!(multiples.within(&(1..3)), 1..3);
        assert!(find(&base, &base).unwrap().factors(&(0..4)).is_none());
        assert!(find(&base, &scaled).is_none());
        assert!(find(&array![[0.75, 1.0 + 1e-6]], &array![[0.75, 1.0]]).is_none());
        assert!(find(&array![[0.75]], &array![[0.75, 1.0]]).is_none());
        assert!(find(&array![[1.0, 0.0]], &array![[1e-60, 0.0]]).is_none());
        assert!(find(&array![[0.0, 0.0]], &array![[1e200, 0.0]]).is_none());
        assert!(find(&base, &array![[0.75, 1.0]]).is_none());
    }

    /// Every row is found once, in whatever pieces the base is shown.
    #[test]
    fn finds_evenly_spaced_rows() {
        let base = Array2::from_shape_fn((10, 3), |(i, j)| ((i * 3 + j) as f64).sin());
        for size in 1..=10 {
            let chosen: Vec<usize> = super::super::evenly_spaced::evenly_spaced(10, size, &(0..10)).collect();
            let multiples = find(&base.select(ndarray::Axis(0), &chosen), &base).unwrap();
            for step in 1..=10 {
                let mut found = Vec::new();
                for piece in super::super::sweep::pieces(10, step) {
                    assert_eq!(multiples.within(&piece).start, found.len());
                    match multiples.places(&piece) {
                        Some(places) => found.extend(places.map(|place| piece.start + place)),
                        None => found.extend(piece.clone()),
                    }
                }
                assert_eq!(found, chosen, "{size} rows, by {step}");
            }
        }
    }
}
