//! A share of the training rows, without drawing lots.

use std::ops::Range;

/// The rows `⌊i·rows/size⌋`, i = 0..size, that lie in a range, in order; distinct where `size` is at most `rows`.
///
/// ```
/// use oodbench::fit::evenly_spaced::evenly_spaced;
/// assert_eq!(evenly_spaced(10, 4, &(0..10)).collect::<Vec<_>>(), [0, 2, 5, 7]);
/// assert_eq!(evenly_spaced(10, 4, &(2..6)).collect::<Vec<_>>(), [2, 5]);
/// ```
pub fn evenly_spaced(rows: usize, size: usize, range: &Range<usize>) -> impl Iterator<Item = usize> {
    indices(rows, size, range).map(move |i| row(rows, size, i))
}

/// The i whose rows lie in a range.
#[must_use]
pub fn indices(rows: usize, size: usize, range: &Range<usize>) -> Range<usize> {
    // ⌊i·rows/size⌋ ≥ row exactly where i ≥ row·size/rows.
    let first_at = |row: usize| (row * size).div_ceil(rows.max(1));
    first_at(range.start)..first_at(range.end).min(size)
}

/// The row `⌊i·rows/size⌋`.
#[must_use]
pub fn row(rows: usize, size: usize, i: usize) -> usize {
    i * rows / size
}
