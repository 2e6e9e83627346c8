//! Products of matrices, whose bits do not depend on the number of threads.

use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, Par};
use ndarray::{ArrayView2, ArrayViewMut2, Axis, s};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::{faer_view, faer_view_mut};
use crate::numeric::recycled::RecycledMatrix;

/// How many threads a product may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The caller's thread; for work that is already spread over blocks.
    One,
    /// All threads of the pool, a panel of columns each.
    All,
}

/// Columns of a product that one thread computes; fixed, so that the bits of a product do not depend on the number of threads.
const PANEL: usize = 128;

/// Numbers in a line of the cache.
const LINE: usize = 8;

/// Columns of the narrowest panel of a product that wide.
#[must_use]
pub fn narrowest_panel(width: usize) -> usize {
    match width % PANEL {
        0 => PANEL,
        rest => rest,
    }
}

/// What of a right factor counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// All of it.
    Full,
    /// A square matrix that is zero below the diagonal.
    Upper,
}

/// `out = a · b`, in `f64` or `f32`.
///
/// # Panics
/// If the shapes do not fit.
pub fn product<T: ComplexField>(
    out: &mut ArrayViewMut2<'_, T>,
    a: &ArrayView2<'_, T>,
    b: &ArrayView2<'_, T>,
    threads: Threads,
) {
    accumulate(out, Accum::Replace, a, b, threads);
}

/// `out += a · b`.
///
/// # Panics
/// If the shapes do not fit.
pub fn add_product(
    out: &mut ArrayViewMut2<'_, f64>,
    a: &ArrayView2<'_, f64>,
    b: &ArrayView2<'_, f64>,
    threads: Threads,
) {
    accumulate(out, Accum::Add, a, b, threads);
}

/// Adds the lower triangle of `aᵀ a` to that of `out`, in about half the operations of the whole product; what stands above the diagonal of `out`
/// afterwards means nothing.
///
/// # Panics
/// If the shapes do not fit.
pub fn add_gram(out: &mut ArrayViewMut2<'_, f64>, a: &ArrayView2<'_, f64>) {
    assert_eq!(out.dim(), (a.ncols(), a.ncols()), "shapes of a Gram matrix");
    let transposed = transposed(a);
    let panels: Vec<_> = out.axis_chunks_iter_mut(Axis(1), PANEL).enumerate().collect();
    panels.into_par_iter().for_each(|(number, mut panel)| {
        let start = number * PANEL;
        let width = panel.ncols();
        let left = transposed.slice(s![start.., ..]);
        let right = a.slice(s![.., start..start + width]);
        let mut below = panel.slice_mut(s![start.., ..]);
        matmul(faer_view_mut(&mut below), Accum::Add, faer_view(&left), faer_view(&right), 1.0, Par::Seq);
    });
}

/// `aᵀ` in an order of its own. Without it faer would walk down the columns of `a` when it packs the left factor: where rows are a power of two of bytes apart, these
/// are all in the same few lines of the cache, and a product of 2,048 columns takes 3.5 times as long.
fn transposed(a: &ArrayView2<'_, f64>) -> RecycledMatrix {
    let mut out = RecycledMatrix::zeros((a.ncols(), a.nrows()));
    let panels: Vec<_> = out.axis_chunks_iter_mut(Axis(0), PANEL).zip(a.axis_chunks_iter(Axis(1), PANEL)).collect();
    panels.into_par_iter().for_each(|(mut out, a)| {
        for (mut out, a) in out.axis_chunks_iter_mut(Axis(0), LINE).zip(a.axis_chunks_iter(Axis(1), LINE)) {
            for (mut out, a) in out.axis_chunks_iter_mut(Axis(1), LINE).zip(a.axis_chunks_iter(Axis(0), LINE)) {
                out.assign(&a.t());
            }
        }
    });
    out
}

fn accumulate<T: ComplexField>(
    out: &mut ArrayViewMut2<'_, T>,
    accum: Accum,
    a: &ArrayView2<'_, T>,
    b: &ArrayView2<'_, T>,
    threads: Threads,
) {
    assert_eq!((out.nrows(), out.ncols(), a.ncols()), (a.nrows(), b.ncols(), b.nrows()), "shapes of a product");
    let panel = |mut out: ArrayViewMut2<'_, T>, b: ArrayView2<'_, T>| {
        matmul(faer_view_mut(&mut out), accum, faer_view(a), faer_view(&b), T::one_impl(), Par::Seq);
    };
    match threads {
        Threads::One => panel(out.view_mut(), b.view()),
        Threads::All => {
            let outs = out.axis_chunks_iter_mut(Axis(1), PANEL);
            let panels: Vec<_> = outs.zip(b.axis_chunks_iter(Axis(1), PANEL)).collect();
            panels.into_par_iter().for_each(|(out, b)| panel(out, b));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn gram_is_the_lower_triangle_of_the_whole_product() {
        // Wider than a panel; small whole numbers are multiplied exactly.
        let a = Array2::from_shape_fn((37, 300), |(i, j)| ((i * 21 + j) % 17) as f64 - 8.0);
        let mut gram = Array2::from_elem((300, 300), 0.5);
        add_gram(&mut gram.view_mut(), &a.view());
        let whole = a.t().dot(&a);
        for ((i, j), &value) in gram.indexed_iter().filter(|((i, j), _)| j <= i) {
            assert_eq!(value, whole[[i, j]] + 0.5, "({i}, {j})");
        }
    }

    #[test]
    fn products_equal_ndarrays() {
        let a = Array2::from_shape_fn((7, 5), |(i, j)| (i * 5 + j) as f64 * 0.3 - 2.0);
        let b = Array2::from_shape_fn((5, 3), |(i, j)| (i + 2 * j) as f64 - 1.5);
        let mut out = Array2::zeros((7, 3));
        product(&mut out.view_mut(), &a.view(), &b.view(), Threads::One);
        add_product(&mut out.view_mut(), &a.view(), &b.view(), Threads::All);
        assert!((&out - &(2.0 * a.dot(&b))).iter().all(|d| d.abs() < 1e-12));
    }
}
