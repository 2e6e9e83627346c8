//! The triangular factor of rows that come in pieces.

use ndarray::{Array2, ArrayView2, Axis, concatenate};

use super::{faer_view, sequential};

/// `R` (at most D, D) with `RᵀR = XᵀX` of rows X (n, D), which come in pieces.
///
/// Its columns are right to about D rounding errors of the columns of X themselves, while `XᵀX` has lost every direction whose variance is below
/// 1e-16 of the others.
#[derive(Clone, Debug)]
pub struct Triangle(Array2<f64>);

impl Triangle {
    /// Of no rows yet.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self(Array2::zeros((0, columns)))
    }

    /// Takes in more rows.
    ///
    /// # Panics
    /// If they have another number of columns.
    pub fn add(&mut self, rows: &ArrayView2<'_, f64>) {
        let stacked = concatenate![Axis(0), self.0, *rows];
        let columns = stacked.ncols();
        if stacked.nrows() <= columns {
            self.0 = stacked;
            return;
        }
        sequential();
        let qr = faer_view(&stacked.view()).qr();
        let upper = qr.thin_R();
        self.0 = Array2::from_shape_fn((columns, columns), |(i, j)| if i <= j { upper[(i, j)] } else { 0.0 });
    }

    /// `R`; triangular only where there were more rows than columns.
    #[must_use]
    pub fn into_factor(self) -> Array2<f64> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{array, s};

    /// XᵀX of the rows (1, 2), (3, 4), (5, 6) is [[35, 44], [44, 56]], by hand.
    #[test]
    fn pieces_have_the_gram_matrix_of_the_whole() {
        let rows = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        for cut in 0..=3 {
            let mut triangle = Triangle::new(2);
            triangle.add(&rows.slice(s![..cut, ..]));
            triangle.add(&rows.slice(s![cut.., ..]));
            let factor = triangle.into_factor();
            let difference = factor.t().dot(&factor) - array![[35.0, 44.0], [44.0, 56.0]];
            assert!(difference.iter().all(|d| d.abs() < 1e-13), "cut at {cut}: {difference}");
        }
    }

    /// Columns 1 and 1 + 1e-10·(±1): their difference keeps six digits, of which a Gram matrix has none.
    #[test]
    fn small_differences_of_columns_keep_their_digits() {
        let rows = Array2::from_shape_fn((40, 2), |(i, j)| if j == 1 && i % 2 == 0 { 1.0 + 1e-10 } else { 1.0 });
        let mut triangle = Triangle::new(2);
        rows.axis_chunks_iter(Axis(0), 7).for_each(|piece| triangle.add(&piece));
        // The part of the second column beside the first: (½, −½)·1e-10 in 40 rows.
        let beside = triangle.into_factor()[[1, 1]].abs();
        assert!((beside / (0.5e-10 * 40.0_f64.sqrt()) - 1.0).abs() < 1e-5, "{beside:e}");
    }
}
