//! Rows in pieces, for scores that make many numbers of each.

use ndarray::{Array2, s};

use crate::numeric::recycled::RecycledMatrix;

/// Numbers that are held at once.
const AT_ONCE: usize = 1 << 20;

/// Hands rows over in pieces so small that as many times `width` numbers can be held; rows of one piece as they are, without a copy.
pub(super) fn pieces(rows: &Array2<f64>, width: usize, mut take: impl FnMut(&Array2<f64>)) {
    let step = (AT_ONCE / width.max(1)).max(1);
    if rows.nrows() <= step {
        return take(rows);
    }
    for start in (0..rows.nrows()).step_by(step) {
        take(&RecycledMatrix::of(&rows.slice(s![start..rows.nrows().min(start + step), ..])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row once, in order; the very rows where they are one piece.
    #[test]
    fn pieces_are_all_rows() {
        let rows = Array2::from_shape_fn((7, 2), |(row, column)| (2 * row + column) as f64);
        for (width, expected) in [(1, vec![7]), (AT_ONCE / 3, vec![3, 3, 1]), (2 * AT_ONCE, vec![1; 7]), (0, vec![7])] {
            let (mut counts, mut all) = (Vec::new(), Vec::<f64>::new());
            pieces(&rows, width, |piece| {
                assert_eq!(std::ptr::eq(piece, &rows), expected.len() == 1);
                counts.push(piece.nrows());
                all.extend(piece);
            });
            assert_eq!((counts, all), (expected, rows.iter().copied().collect::<Vec<f64>>()));
        }
    }
}
