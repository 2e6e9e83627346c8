//! `out ← [out +] a · b` on f32 matrices in slices, one thread: the callers are parallel over images.

use faer::linalg::matmul::matmul as product;
use faer::{Accum, MatMut, MatRef, Par};

/// A matrix read from a slice.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    columns: usize,
    transposed: bool,
}

impl<'a> Matrix<'a> {
    /// Rows of `columns` entries, one after another.
    pub(super) fn row_major(values: &'a [f32], columns: usize) -> Self {
        Self { values, columns, transposed: false }
    }

    /// The same memory read as its transpose.
    pub(super) fn transposed(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    fn view(self) -> MatRef<'a, f32> {
        let rows = self.values.len() / self.columns;
        let stored = MatRef::from_row_major_slice(self.values, rows, self.columns);
        if self.transposed { stored.transpose() } else { stored }
    }
}

/// What becomes of the values already in `out`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Write {
    /// They are not read.
    Replace,
    /// The product is added to them.
    Add,
}

/// The product of `a` (m, k) and `b` (k, n) into row-major `out` (m, n).
///
/// # Panics
/// If the shapes do not fit.
pub(super) fn matmul(out: &mut [f32], write: Write, a: Matrix<'_>, b: Matrix<'_>) {
    let (a, b) = (a.view(), b.view());
    let accumulate = match write {
        Write::Replace => Accum::Replace,
        Write::Add => Accum::Add,
    };
    let out = MatMut::from_row_major_slice_mut(out, a.nrows(), b.ncols());
    product(out, accumulate, a, b, 1.0, Par::Seq);
}
