//! Principal directions of a covariance, with the digits of small variances.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt_pivoting;
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Mat, Par, Spec};
use ndarray::{Array2, ArrayView2};

use super::{LinalgError, sequential};

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
