//! Rows in pieces, for scores that make many numbers of each.

use ndarray::{Array2, s};

use crate::numeric::recycled::RecycledMatrix;

/// Numbers that are held at once.
const AT_ONCE: usize = 1 << 20;

/// Hands rows over in pieces so small that as many times `width` numbers can be held.
pub(super) fn pieces(rows: &Array2<f64>, width: usize, mut take: impl FnMut(&Array2<f64>)) {
    let step = (AT_ONCE / width.max(1)).max(1);
    for start in (0..rows.nrows()).step_by(step) {
        take(&RecycledMatrix::of(&rows.slice(s![start..rows.nrows().min(start + step), ..])));
    }
}
