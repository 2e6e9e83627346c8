//! The only door to faer: products, and factorisations in `f64`.

use std::sync::Once;

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt_pivoting;
use faer::linalg::matmul::matmul;
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::traits::ComplexField;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side, Spec};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::state::{State, StateError};

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

/// What of a right factor counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// All of it.
    Full,
    /// A square matrix that is zero below the diagonal.
    Upper,
}

fn faer_view<'a, T>(a: &'a ArrayView2<'_, T>) -> MatRef<'a, T> {
    let strides = a.strides();
    // SAFETY: pointer, shape and strides describe the live view `a`.
    unsafe { MatRef::from_raw_parts(a.as_ptr(), a.nrows(), a.ncols(), strides[0], strides[1]) }
}

fn faer_view_mut<'a, T>(out: &'a mut ArrayViewMut2<'_, T>) -> MatMut<'a, T> {
    let (rows, columns) = out.dim();
    let strides = [out.strides()[0], out.strides()[1]];
    // SAFETY: pointer, shape and strides describe the exclusively borrowed view `out`.
    unsafe { MatMut::from_raw_parts_mut(out.as_mut_ptr(), rows, columns, strides[0], strides[1]) }
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
    let panels: Vec<_> = out.axis_chunks_iter_mut(Axis(1), PANEL).enumerate().collect();
    panels.into_par_iter().for_each(|(number, mut panel)| {
        let start = number * PANEL;
        let width = panel.ncols();
        let left = a.slice(s![.., start..]);
        let right = a.slice(s![.., start..start + width]);
        let mut below = panel.slice_mut(s![start.., ..]);
        matmul(faer_view_mut(&mut below), Accum::Add, faer_view(&left).transpose(), faer_view(&right), 1.0, Par::Seq);
    });
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

/// What turns differences `x` (as rows) into `x W` with `‖x W‖² = xᵀ Σ⁺ x`.
#[derive(Clone, Debug)]
pub struct Whitening {
    /// `W` (D, rank).
    pub matrix: Array2<f64>,
    /// Whether `W` is triangular.
    pub factor: Factor,
    /// Directions with variance; fewer than D where Σ is singular.
    pub rank: usize,
    /// The logarithm of the product of the variances along them: `log det Σ` where Σ is regular.
    pub log_det: f64,
}

impl Whitening {
    /// What a file keeps of it.
    #[must_use]
    pub fn save(&self) -> State<'_> {
        State::new()
            .with("matrix", &self.matrix)
            .with_number("triangular", f64::from(u8::from(self.factor == Factor::Upper)))
            .with_number("rank", self.rank as f64)
            .with_number("log_det", self.log_det)
    }

    /// What was saved.
    ///
    /// # Errors
    /// [`StateError`] if it is something else.
    pub fn restore(state: &mut State<'_>) -> Result<Self, StateError> {
        Ok(Self {
            matrix: state.matrix("matrix")?,
            factor: if state.number("triangular")? == 0.0 { Factor::Full } else { Factor::Upper },
            rank: state.count("rank")?,
            log_det: state.number("log_det")?,
        })
    }
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
        let log_det = -2.0 * matrix.diag().iter().map(|pivot| pivot.ln()).sum::<f64>();
        return Ok(Whitening { matrix, factor: Factor::Upper, rank: size, log_det });
    }
    let Spectrum { variances, directions } = spectrum(covariance)?;
    let kept = variances.iter().filter(|&&variance| variance > cutoff * variances[0]).count();
    let matrix = Array2::from_shape_fn((size, kept), |(row, j)| directions[[row, j]] / variances[j].sqrt());
    let log_det = variances[..kept].iter().map(|variance| variance.ln()).sum();
    Ok(Whitening { matrix, factor: Factor::Full, rank: kept, log_det })
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
    let rank = factor.ncols();
    let (mut left, mut singular) = (Mat::zeros(size, rank), Diag::zeros(rank));
    // On one thread: the last digits of faer's singular vectors depend on how many there are.
    let scratch =
        svd_scratch::<f64>(size, rank, ComputeSvdVectors::Thin, ComputeSvdVectors::No, Par::Seq, Spec::default());
    let mut memory = MemBuffer::new(scratch);
    svd(
        factor.as_ref(),
        singular.as_mut(),
        Some(left.as_mut()),
        None,
        Par::Seq,
        MemStack::new(&mut memory),
        Spec::default(),
    )
    .map_err(|_| LinalgError::NoConvergence { size })?;
    // Singular values come in descending order.
    let variances = singular.column_vector().iter().map(|sigma| sigma * sigma).collect();
    let directions = Array2::from_shape_fn((size, rank), |(row, j)| left[(row, j)]);
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
