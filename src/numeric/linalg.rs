//! The only door to faer: products and factorisations in `f64`.

use std::sync::Once;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt_pivoting;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side, Spec};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// A factorisation that did not succeed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LinalgError {
    /// The iteration for singular values did not converge.
    #[error("the singular values of a {size} × {size} matrix did not converge")]
    NoConvergence {
        /// Rows of the matrix.
        size: usize,
    },
}

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

/// Keeps faer's factorisations on one thread: its parallel ones round differently for each number of threads.
fn sequential() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| faer::set_global_parallelism(Par::Seq));
}

fn faer_view<'a>(a: &'a ArrayView2<'_, f64>) -> MatRef<'a, f64> {
    let strides = a.strides();
    // SAFETY: pointer, shape and strides describe the live view `a`.
    unsafe { MatRef::from_raw_parts(a.as_ptr(), a.nrows(), a.ncols(), strides[0], strides[1]) }
}

/// `out = a · b`.
///
/// # Panics
/// If the shapes do not fit.
pub fn product(out: &mut ArrayViewMut2<'_, f64>, a: &ArrayView2<'_, f64>, b: &ArrayView2<'_, f64>, threads: Threads) {
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

/// Products of at most so many multiplications go another way in faer, and so do those of a single row: their last digits may differ.
const SMALL_PRODUCT: usize = 16 * 16 * 16;

/// `a · b` in C order; each row is what it is, to the last digit, however many rows `a` has.
///
/// Rows that are scored must not depend on the block they are read in. Zeros are put below an `a` of few rows. On the caller's thread.
///
/// # Panics
/// If the shapes do not fit.
#[must_use]
pub fn rows_product(a: &ArrayView2<'_, f64>, b: &ArrayView2<'_, f64>) -> Array2<f64> {
    let (rows, inner) = a.dim();
    let columns = b.ncols();
    let least = 2.max(SMALL_PRODUCT / (inner * columns).max(1) + 1);
    let mut out = Array2::zeros((rows.max(least), columns));
    if rows >= least {
        product(&mut out.view_mut(), a, b, Threads::One);
        return out;
    }
    let mut padded = Array2::zeros((least, inner));
    padded.slice_mut(s![..rows, ..]).assign(a);
    product(&mut out.view_mut(), &padded.view(), b, Threads::One);
    out.slice_move(s![..rows, ..])
}

fn accumulate(
    out: &mut ArrayViewMut2<'_, f64>,
    accum: Accum,
    a: &ArrayView2<'_, f64>,
    b: &ArrayView2<'_, f64>,
    threads: Threads,
) {
    assert_eq!((out.nrows(), out.ncols(), a.ncols()), (a.nrows(), b.ncols(), b.nrows()), "shapes of a product");
    let panel = |mut out: ArrayViewMut2<'_, f64>, b: ArrayView2<'_, f64>| {
        let (rows, columns) = out.dim();
        let strides = [out.strides()[0], out.strides()[1]];
        // SAFETY: pointer, shape and strides describe the exclusively borrowed view `out`.
        let target = unsafe { MatMut::from_raw_parts_mut(out.as_mut_ptr(), rows, columns, strides[0], strides[1]) };
        matmul(target, accum, faer_view(a), faer_view(&b), 1.0, Par::Seq);
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

/// What turns differences `x` (as rows) into `x W` with `‖x W‖² = xᵀ Σ⁺ x`.
#[derive(Clone, Debug)]
pub struct Whitening {
    /// `W` (D, rank).
    pub matrix: Array2<f64>,
    /// Directions with variance; fewer than D where Σ is singular.
    pub rank: usize,
}

/// A pivot ratio below which a Cholesky factor is not trusted and singular values decide about the rank.
const TRUSTED_PIVOT_RATIO: f64 = 1e-10;

/// The whitening of a covariance Σ (D, D), positive semi-definite up to rounding.
///
/// A well-conditioned Σ = L Lᵀ gives `W = L⁻ᵀ`. Else `W = U λ^{−1/2}` over the directions U of the [`spectrum`] whose variance λ is above
/// `cutoff` times the largest.
///
/// # Errors
/// [`LinalgError`] if the singular values do not converge.
pub fn whitening(covariance: &ArrayView2<'_, f64>, cutoff: f64) -> Result<Whitening, LinalgError> {
    let size = covariance.nrows();
    if let Some(matrix) = inverse_cholesky(covariance) {
        return Ok(Whitening { matrix, rank: size });
    }
    let Spectrum { variances, directions } = spectrum(covariance)?;
    let kept = variances.iter().filter(|&&variance| variance > cutoff * variances[0]).count();
    let matrix = Array2::from_shape_fn((size, kept), |(row, j)| directions[[row, j]] / variances[j].sqrt());
    Ok(Whitening { matrix, rank: kept })
}

/// Principal directions of a covariance.
#[derive(Clone, Debug)]
pub struct Spectrum {
    /// Variances in descending order, as many as the numerical rank.
    pub variances: Vec<f64>,
    /// Their directions as orthonormal columns (D, rank).
    pub directions: Array2<f64>,
}

/// The variances and directions of a covariance Σ (D, D), positive semi-definite up to rounding.
///
/// They are the squared singular values and left vectors of a pivoted Cholesky factor. Unlike an eigendecomposition of Σ, whose errors are
/// relative to the largest eigenvalue, the factor keeps the digits of small variances.
///
/// # Errors
/// [`LinalgError`] if the singular values do not converge.
pub fn spectrum(covariance: &ArrayView2<'_, f64>) -> Result<Spectrum, LinalgError> {
    sequential();
    let size = covariance.nrows();
    let factor = pivoted_cholesky(covariance);
    let svd = factor.thin_svd().map_err(|_| LinalgError::NoConvergence { size })?;
    // Singular values come in descending order.
    let variances = svd.S().column_vector().iter().map(|sigma| sigma * sigma).collect::<Vec<f64>>();
    let directions = Array2::from_shape_fn((size, variances.len()), |(row, j)| svd.U()[(row, j)]);
    Ok(Spectrum { variances, directions })
}

/// An orthonormal basis (D, D − k) of all that is orthogonal to orthonormal columns (D, k).
#[must_use]
pub fn complement(columns: &ArrayView2<'_, f64>) -> Array2<f64> {
    let (size, taken) = columns.dim();
    if taken == 0 {
        return Array2::eye(size);
    }
    sequential();
    let q = faer_view(columns).qr().compute_Q();
    Array2::from_shape_fn((size, size - taken), |(row, j)| q[(row, taken + j)])
}

/// `A⁺ b`: the shortest of the x that bring `A x` (m, n) nearest to `b` (m).
///
/// Singular values up to `cutoff` times the largest count as zero.
///
/// # Errors
/// [`LinalgError`] if the singular values do not converge.
pub fn least_norm_solution(
    a: &ArrayView2<'_, f64>,
    b: &ArrayView1<'_, f64>,
    cutoff: f64,
) -> Result<Array1<f64>, LinalgError> {
    sequential();
    let svd = faer_view(a).thin_svd().map_err(|_| LinalgError::NoConvergence { size: a.nrows() })?;
    let (left, right, singular) = (svd.U(), svd.V(), svd.S().column_vector());
    let mut solution = Array1::zeros(a.ncols());
    for j in 0..singular.nrows() {
        if singular[j] > cutoff * singular[0] {
            let along: f64 = b.iter().enumerate().map(|(i, b)| left[(i, j)] * b).sum();
            solution.iter_mut().enumerate().for_each(|(i, x)| *x += right[(i, j)] * along / singular[j]);
        }
    }
    Ok(solution)
}

/// `L` (D, rank) with L Lᵀ = Σ, rows in the order of Σ.
///
/// The pivots are those of the correlation matrix: a feature of small variance counts as much as any other, and only what is a combination of the
/// others, up to rounding, ends the factorisation.
fn pivoted_cholesky(covariance: &ArrayView2<'_, f64>) -> Mat<f64> {
    let size = covariance.nrows();
    let scale: Vec<f64> = covariance.diag().iter().map(|variance| variance.max(0.0).sqrt()).collect();
    let correlation = |i: usize, j: usize| {
        let product = scale[i] * scale[j];
        if product > 0.0 { covariance[[i, j]] / product } else { 0.0 }
    };
    let mut lower = Mat::from_fn(size, size, correlation);
    let (mut order, mut inverse) = (vec![0_usize; size], vec![0_usize; size]);
    let scratch = llt_pivoting::factor::cholesky_in_place_scratch::<usize, f64>(size, Par::Seq, Spec::default());
    let mut memory = MemBuffer::new(scratch);
    let done = llt_pivoting::factor::cholesky_in_place(
        lower.as_mut(),
        &mut order,
        &mut inverse,
        Par::Seq,
        MemStack::new(&mut memory),
        Spec::default(),
    );
    let rank = done.map_or(0, |(info, _)| info.rank);
    // Row i of the factor is row order[i] of Σ; what stands above its diagonal is left over from Σ.
    let entry = |row: usize, column: usize| if column <= inverse[row] { lower[(inverse[row], column)] } else { 0.0 };
    Mat::from_fn(size, rank, |row, column| scale[row] * entry(row, column))
}

/// `L⁻ᵀ` of Σ = L Lᵀ, unless a pivot is lost in rounding.
fn inverse_cholesky(covariance: &ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let size = covariance.nrows();
    sequential();
    let factor = faer_view(covariance).llt(Side::Lower).ok()?;
    let lower = factor.L();
    let pivots = (0..size).map(|i| lower[(i, i)] * lower[(i, i)]);
    let (smallest, largest) = pivots.fold((f64::INFINITY, 0.0_f64), |(lo, hi), pivot| (lo.min(pivot), hi.max(pivot)));
    // Written so that a NaN pivot is not trusted either.
    let trusted = smallest > largest * TRUSTED_PIVOT_RATIO;
    if !trusted {
        return None;
    }
    let mut inverse = Mat::<f64>::identity(size, size);
    faer::linalg::triangular_solve::solve_lower_triangular_in_place(lower, inverse.as_mut(), Par::Seq);
    // The inverse is lower triangular; its transpose whitens rows from the right.
    Some(Array2::from_shape_fn((size, size), |(i, j)| inverse[(j, i)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Σ = [[4, 2], [2, 3]]: Σ⁻¹ = [[3, −2], [−2, 4]]/8, so (1, 1) Σ⁻¹ (1, 1)ᵀ = 3/8, by hand.
    #[test]
    fn whitened_length_is_the_mahalanobis_distance() {
        let whitening = whitening(&array![[4.0, 2.0], [2.0, 3.0]].view(), 1e-15).expect("positive definite");
        let white = array![[1.0, 1.0]].dot(&whitening.matrix);
        assert_eq!(whitening.rank, 2);
        assert!((white.mapv(|v| v * v).sum() - 0.375).abs() < 1e-15);
    }

    /// Variances 1, 1e-6, 1e-12 along rotated axes: Σ's entries round at 1e-16, yet each direction keeps its length.
    #[test]
    fn small_variances_keep_their_digits() {
        let (c, s) = (0.6, 0.8);
        let axes = array![[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]];
        let scaled = array![[1.0, 0.0, 0.0], [0.0, 1e-6, 0.0], [0.0, 0.0, 1e-12]].dot(&axes);
        let whitening = whitening(&axes.t().dot(&scaled).view(), 1e-15).unwrap();
        let length = |x: Array2<f64>| x.dot(&whitening.matrix).mapv(|v| v * v).sum();
        assert_eq!(whitening.rank, 3);
        assert!((length(array![[-s, c, 0.0]]) * 1e-6 - 1.0).abs() < 1e-9);
        assert!((length(array![[0.0, 0.0, 1.0]]) * 1e-12 - 1.0).abs() < 1e-9);
    }

    /// Rank one: Σ = u uᵀ with u = (3, 4); Σ⁺ = u uᵀ/‖u‖⁴, so x = u gives 1 and x ⟂ u gives 0.
    #[test]
    fn singular_covariance_is_pseudo_inverted() {
        let whitening = whitening(&array![[9.0, 12.0], [12.0, 16.0]].view(), 1e-15).expect("symmetric");
        assert_eq!(whitening.rank, 1);
        let length = |x: Array2<f64>| x.dot(&whitening.matrix).mapv(|v| v * v).sum();
        assert!((length(array![[3.0, 4.0]]) - 1.0).abs() < 1e-12);
        assert!(length(array![[4.0, -3.0]]) < 1e-12);
    }

    /// x + 2y = 5 once and twice: of all solutions (1, 2) is the shortest. 0·x = 1 leaves x = 0.
    #[test]
    fn shortest_solution_of_dependent_equations() {
        let x = least_norm_solution(&array![[1.0, 2.0], [2.0, 4.0]].view(), &array![5.0, 10.0].view(), 1e-15).unwrap();
        assert!((x[0] - 1.0).abs() < 1e-14 && (x[1] - 2.0).abs() < 1e-14);
        let none = least_norm_solution(&array![[0.0, 0.0]].view(), &array![1.0].view(), 1e-15).unwrap();
        assert_eq!(none, array![0.0, 0.0]);
    }

    #[test]
    fn complement_is_orthonormal_and_orthogonal() {
        let columns = array![[0.6, 0.0], [0.8, 0.0], [0.0, 0.0], [0.0, -1.0]];
        let rest = complement(&columns.view());
        assert_eq!(rest.dim(), (4, 2));
        assert!((rest.t().dot(&rest) - Array2::<f64>::eye(2)).iter().all(|d| d.abs() < 1e-15));
        assert!(rest.t().dot(&columns).iter().all(|d| d.abs() < 1e-15));
        assert_eq!(complement(&columns.slice(s![.., ..0])), Array2::<f64>::eye(4));
    }

    /// Heights about every step of faer's paths: one row, few multiplications, the height of its kernels.
    #[test]
    fn rows_of_products_do_not_depend_on_their_number() {
        for (inner, columns) in [(1, 1), (3, 2), (96, 10), (342, 10), (342, 171), (700, 40)] {
            let a = Array2::from_shape_fn((120, inner), |(i, j)| ((i * 31 + j * 17) % 101) as f64 / 7.0);
            let b = Array2::from_shape_fn((columns, inner), |(i, j)| ((i * 13 + j * 29) % 97) as f64 / 9.0 - 5.0);
            let all = rows_product(&a.view(), &b.t());
            assert!((&all - &a.dot(&b.t())).iter().all(|d| d.abs() < 1e-8) && all.is_standard_layout());
            for rows in [1, 2, 3, 4, 7, 8, 15, 24, 33, 48, 49, 90] {
                let some = rows_product(&a.slice(s![5..5 + rows, ..]), &b.t());
                assert_eq!(some, all.slice(s![5..5 + rows, ..]), "{rows} rows, {inner} × {columns}");
            }
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
