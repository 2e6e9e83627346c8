//! Products of rows with a matrix that do not depend on which rows stand together.

use ndarray::{ArrayView2, s};

use super::linalg::{Factor, Threads, narrowest_panel, product};
use super::recycled::RecycledMatrix;

/// Rows of a product below which faer takes kernels for vectors.
const FEWEST_ROWS: usize = 8;

/// Multiplications up to which faer takes kernels for small matrices, and how many of them these sum at once; its others sum 512.
const SMALL: usize = 16 * 16 * 16;
const SUMMED: usize = 64;

/// Columns of a triangular factor that are multiplied together, by the rows that are not zero in all of them.
const PANEL: usize = 128;

/// As many rows as a product with a matrix (depth, width) has to have at least, so that the sums of a row do not depend on how many there are: with fewer,
/// faer takes kernels that sum in another order. Never more than 64. The product may be computed in panels.
#[must_use]
pub fn fewest_rows(depth: usize, width: usize) -> usize {
    if depth <= SUMMED { FEWEST_ROWS } else { FEWEST_ROWS.max(SMALL / (depth * narrowest_panel(width)) + 1) }
}

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
    // faer's own triangular product halves the operations all the way down, but into pieces so small that their sums depend on the number of rows.
    let width = if factor == Factor::Upper { PANEL } else { matrix.ncols().max(1) };
    let panels = (0..matrix.ncols()).step_by(width).map(|start| {
        let end = matrix.ncols().min(start + width);
        (start, end, if factor == Factor::Upper { end } else { matrix.nrows() })
    });
    let fewest = panels.clone().map(|(start, end, depth)| fewest_rows(depth, end - start)).max().unwrap_or_default();
    if count < fewest {
        let mut padded = RecycledMatrix::zeros((fewest, rows.ncols()));
        padded.slice_mut(s![..count, ..]).assign(rows);
        return row_product(&padded.view(), matrix, factor, threads).first_rows(count);
    }
    let mut out = RecycledMatrix::zeros((count, matrix.ncols()));
    for (start, end, depth) in panels {
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

    /// Widths on both sides of the depth faer sums at once (512, and 64 in its kernels for small matrices) and of these kernels.
    #[test]
    fn rows_do_not_feel_their_neighbours() {
        for (columns, width) in [
            (3, 2),
            (64, 10),
            (65, 1),
            (70, 7),
            (130, 130),
            (200, 2),
            (342, 342),
            (600, 1),
            (600, 2),
            (600, 600),
            (1030, 5),
        ] {
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
