//! One pass over a row for its largest value, written so that it becomes vector code for whatever machine it is inlined into.

use super::real::Real;
use super::recycled::recycle;

/// The largest value of a row and the first index it stands at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Top {
    /// First index of the largest value: the predicted class.
    pub index: usize,
    /// The largest value.
    pub value: f64,
}

recycle!(Top);

/// The largest value of a non-empty row.
#[must_use]
pub fn maximum<T: Real>(row: &[T]) -> T {
    maximum_of(row)
}

/// Values compared together: a vector register or a few.
const WIDE: usize = 32;

/// As many for short rows.
const NARROW: usize = 8;

#[inline(always)]
pub(super) fn top_of<T: Real>(row: &[T]) -> Top {
    let largest = maximum_of(row);
    let index = if row.len() < WIDE { first::<NARROW, T>(row, largest) } else { first::<WIDE, T>(row, largest) };
    Top { index, value: largest.to_f64() }
}

#[inline(always)]
fn maximum_of<T: Real>(row: &[T]) -> T {
    if row.len() < WIDE { largest::<NARROW, T>(row) } else { largest::<WIDE, T>(row) }
}

#[inline(always)]
fn larger<T: Real>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

#[inline(always)]
fn largest<const LANES: usize, T: Real>(row: &[T]) -> T {
    let Some(last) = row.last_chunk::<LANES>() else {
        return row.iter().fold(T::NEG_INFINITY, |largest, &value| larger(largest, value));
    };
    // The last lanes may overlap those before: what is compared twice changes no maximum.
    let mut lanes = *last;
    for chunk in row.chunks_exact(LANES) {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, value);
        }
    }
    // By halves: one after the other each comparison would wait for the one before.
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = larger(lanes[lane], lanes[lane + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// The first index of a value that the row has. A second pass, a chunk at a time without an early exit inside, so that both stay vector operations.
#[inline(always)]
fn first<const LANES: usize, T: Real>(row: &[T], wanted: T) -> usize {
    let hit = |chunk: &[T]| chunk.iter().fold(false, |hit, &value| hit | (value == wanted));
    let start = row.chunks_exact(LANES).position(hit).map_or(row.len() / LANES * LANES, |chunk| chunk * LANES);
    let within = row[start..].iter().position(|&value| value == wanted);
    start + within.unwrap_or(0)
}
