//! The part of the gate that reads values: finiteness of every element.

use rayon::prelude::*;

use super::error::RowsError;
use super::matrix::{Matrix, Rows};
use crate::numeric::finite::all_finite;
use crate::numeric::real::Real;

/// Rows looked at together: large enough to amortise, small enough to stay in cache.
const BLOCK_ELEMENTS: usize = 1 << 18;

/// Refuses NaN and infinite values; `seen` is told of rows looked at, from any thread.
///
/// # Errors
/// [`RowsError::NotFinite`] with the first such row and their number.
pub fn finite(matrix: &Matrix, seen: &(dyn Fn(usize) + Sync)) -> Result<(), RowsError> {
    let bad = non_finite_rows(matrix, seen);
    match bad.first {
        None => Ok(()),
        Some(row) => {
            let (path, first) = matrix.locate(row);
            Err(RowsError::NotFinite { path: path.to_owned(), first, rows: bad.count })
        }
    }
}

/// Rows with NaN or infinite values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BadRows {
    /// The first such row.
    pub first: Option<usize>,
    /// How many there are.
    pub count: usize,
}

/// Finds the rows with NaN or infinite values; `seen` is told of rows looked at, from any thread.
#[must_use]
pub fn non_finite_rows(matrix: &Matrix, seen: &(dyn Fn(usize) + Sync)) -> BadRows {
    let step = (BLOCK_ELEMENTS / matrix.columns()).max(1);
    let blocks = matrix.rows().div_ceil(step);
    let bad_in = |block: usize| {
        let start = block * step;
        let range = start..matrix.rows().min(start + step);
        // The gate is the first to touch the file.
        matrix.populate(range.clone());
        let rows = range.len();
        let bad = match matrix.block(range) {
            Rows::F32(rows) => bad_rows(rows.view(), start),
            Rows::F64(rows) => bad_rows(rows.view(), start),
        };
        seen(rows);
        bad
    };
    let join = |a: BadRows, b: BadRows| BadRows {
        first: match (a.first, b.first) {
            (Some(x), Some(y)) => Some(x.min(y)),
            (x, y) => x.or(y),
        },
        count: a.count + b.count,
    };
    (0..blocks).into_par_iter().map(bad_in).reduce(BadRows::default, join)
}

fn bad_rows<T: Real>(rows: ndarray::ArrayView2<'_, T>, start: usize) -> BadRows {
    if rows.as_slice().is_some_and(all_finite) {
        return BadRows::default();
    }
    let bad: Vec<usize> = rows
        .rows()
        .into_iter()
        .enumerate()
        .filter(|(_, row)| row.iter().any(|v| !v.is_finite()))
        .map(|(i, _)| i)
        .collect();
    BadRows { first: bad.first().map(|i| i + start), count: bad.len() }
}
