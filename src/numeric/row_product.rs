//! Products of rows with a matrix that do not depend on which rows stand together.

use ndarray::{ArrayView2, s};

use super::linalg::{Factor, Threads, product};
use super::recycled::RecycledMatrix;

/// Rows of a product below which faer may take another kernel, which sums in another order: a matrix by a vector, or very small matrices.
pub const FEWEST_ROWS: usize = 8;

/// Columns of a triangular factor that are multiplied together, by the rows that are not zero in all of them.
const PANEL: usize = 128;

/// `rows · matrix` (n, K) of rows (n, D) and a matrix (D, K).
///
/// Every row of the result is the same to the last bit, whatever other rows are there and how many.
///
/// # Panics
/// If the shapes do not fit.
#[must_use]
pub fn row_product(
    rows: &ArrayView2<'_, f64>,
    matrix: &ArrayView2<'_, f64>,
    factor: Factor,
    threads: Threads,
) -> RecycledMatrix {
    let count = rows.nrows();
    if count < FEWEST_ROWS {
        let mut padded = RecycledMatrix::zeros((FEWEST_ROWS, rows.ncols()));
        padded.slice_mut(s![..count, ..]).assign(rows);
        return row_product(&padded.view(), matrix, factor, threads).first_rows(count);
    }
    let mut out = RecycledMatrix::zeros((count, matrix.ncols()));
    // faer's own triangular product halves the operations all the way down, but into pieces so small that their sums depend on the number of rows.
    let panel = if factor == Factor::Upper { PANEL } else { matrix.ncols().max(1) };
    for start in (0..matrix.ncols()).step_by(panel) {
        let end = matrix.ncols().min(start + panel);
        let depth = if factor == Factor::Upper { end } else { matrix.nrows() };
        let (rows, matrix) = (rows.slice(s![.., ..depth]), matrix.slice(s![..depth, start..end]));
        product(&mut out.slice_mut(s![.., start..end]), &rows, &matrix, threads);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// Small whole numbers are multiplied exactly, in any order.
    #[test]
    fn equals_the_plain_product() {
        let value = |i: usize, j: usize| ((i * 5 + j * 3) % 11) as f64 - 5.0;
        for size in [1, 127, 129, 300] {
            let rows = Array2::from_shape_fn((9, size), |(i, j)| value(i, j));
            let upper = Array2::from_shape_fn((size, size), |(i, j)| if i <= j { value(j, i) } else { 0.0 });
            for factor in [Factor::Full, Factor::Upper] {
                let found = row_product(&rows.view(), &upper.view(), factor, Threads::One);
                assert_eq!(*found, rows.dot(&upper), "{size} {factor:?}");
            }
        }
    }

    /// Widths on both sides of the depth faer sums at once (512) and of its small kernels.
    #[test]
    fn rows_do_not_feel_their_neighbours() {
        for (columns, width) in [(3, 2), (64, 10), (342, 342), (600, 1), (600, 2), (600, 600), (1030, 5)] {
            let value = |i: usize, j: usize| ((i * 31 + j * 17) % 101) as f64 / 7.0 - 7.0;
            let rows = Array2::from_shape_fn((65, columns), |(i, j)| value(i, j));
            let matrix = Array2::from_shape_fn((columns, width), |(i, j)| value(j + 5, i));
            let transposed = matrix.t().as_standard_layout().into_owned();
            let upper = Array2::from_shape_fn((columns, columns), |(i, j)| if i <= j { value(i, j) } else { 0.0 });
            for (matrix, factor) in
                [(matrix.view(), Factor::Full), (transposed.t(), Factor::Full), (upper.view(), Factor::Upper)]
            {
                let all = row_product(&rows.view(), &matrix, factor, Threads::One);
                for (start, end) in [(0, 1), (64, 65), (3, 5), (7, 14), (0, 8), (9, 18), (1, 32), (0, 64)] {
                    let some = row_product(&rows.slice(s![start..end, ..]), &matrix, factor, Threads::All);
                    assert_eq!(*some, all.slice(s![start..end, ..]), "{columns} × {width} {factor:?}: {start}..{end}");
                }
            }
        }
    }
}
