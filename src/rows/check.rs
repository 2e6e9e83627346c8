//! The part of the gate that reads values: finiteness of every element.

use super::block_checksum::{self, over_blocks};
use super::error::RowsError;
use super::matrix::{Matrix, Rows};
use crate::numeric::checksum::Checksum;
use crate::numeric::finite::all_finite;
use crate::numeric::real::Real;

/// Refuses NaN and infinite values; `seen` is told of rows looked at, from any thread.
///
/// # Errors
/// [`RowsError::NotFinite`] with the first such row and their number.
pub fn finite(matrix: &Matrix, seen: &(dyn Fn(usize) + Sync)) -> Result<(), RowsError> {
    refuse(matrix, non_finite_rows(matrix, seen))
}

/// As [`finite`], and makes the checksum of the values in the same pass.
///
/// # Errors
/// As [`finite`].
pub fn finite_with_checksum(matrix: &Matrix, seen: &(dyn Fn(usize) + Sync)) -> Result<Checksum, RowsError> {
    let look = |rows: &Rows, start: usize| (bad_rows_of(rows, start), block_checksum::of_block(rows));
    let (bad, blocks): (Vec<BadRows>, Vec<Checksum>) = over_blocks(matrix, seen, look).into_iter().unzip();
    refuse(matrix, bad.into_iter().fold(BadRows::default(), BadRows::join))?;
    Ok(block_checksum::joined(matrix.rows(), matrix.columns(), &blocks))
}

fn refuse(matrix: &Matrix, bad: BadRows) -> Result<(), RowsError> {
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
    over_blocks(matrix, seen, bad_rows_of).into_iter().fold(BadRows::default(), BadRows::join)
}

impl BadRows {
    fn join(self, other: Self) -> Self {
        let first = match (self.first, other.first) {
            (Some(x), Some(y)) => Some(x.min(y)),
            (x, y) => x.or(y),
        };
        Self { first, count: self.count + other.count }
    }
}

fn bad_rows_of(rows: &Rows, start: usize) -> BadRows {
    match rows {
        Rows::F32(rows) => bad_rows(rows.view(), start),
        Rows::F64(rows) => bad_rows(rows.view(), start),
    }
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
