//! Principal directions of a covariance, with the digits of small variances.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt_pivoting;
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Mat, Par, Spec};
use ndarray::{Array2, ArrayView2};

use super::rounding::{Rounding, TRUSTED_PIVOT_RATIO};
use super::{LinalgError, sequential};

/// Principal directions of a covariance.
#[derive(Clone, Debug)]
pub struct Spectrum {
    /// Variances in descending order, as many as the numerical rank.
    pub variances: Vec<f64>,
    /// Their directions as orthonormal columns (D, rank).
    pub directions: Array2<f64>,
}

impl Spectrum {
    /// How many variances are above so large a share of the largest.
    #[must_use]
    pub fn above(&self, share: f64) -> usize {
        let largest = self.variances.first().copied().unwrap_or(0.0);
        self.variances.iter().take_while(|variance| **variance > share * largest).count()
    }
}

/// The variances and directions of a covariance Σ (D, D), positive semi-definite up to rounding.
///
/// They are the squared singular values and left vectors of a pivoted Cholesky factor. Unlike an eigendecomposition of Σ, whose errors are
/// relative to the largest eigenvalue, the factor keeps the digits of small variances.
///
/// # Errors
/// [`LinalgError`] if the singular values do not converge.
pub fn spectrum(covariance: &ArrayView2<'_, f64>) -> Result<Spectrum, LinalgError> {
    PivotedCholesky::of(covariance).spectrum()
}

/// The same, `None` where Σ does not show by itself that every column but constant ones varies beside all others, by more than rounding.
///
/// # Errors
/// [`LinalgError`] if the singular values do not converge.
pub(super) fn spectrum_beyond_rounding(
    covariance: &ArrayView2<'_, f64>,
    rounding: &Rounding,
) -> Result<Option<Spectrum>, LinalgError> {
    let factor = PivotedCholesky::of(covariance);
    factor.is_beyond(rounding).then(|| factor.spectrum()).transpose()
}

/// `L` with L Lᵀ = Σ.
///
/// The pivots are those of the correlation matrix: a feature of small variance counts as much as any other, and only what is a combination of the
/// others, up to rounding, ends the factorisation.
struct PivotedCholesky {
    /// Deviation of every column.
    scale: Vec<f64>,
    /// The factor of the correlation matrix: row i is that of column order[i] of Σ; what stands above the diagonal is left over from Σ.
    lower: Mat<f64>,
    order: Vec<usize>,
    inverse: Vec<usize>,
    rank: usize,
}

impl PivotedCholesky {
    fn of(covariance: &ArrayView2<'_, f64>) -> Self {
        sequential();
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
        Self { scale, lower, order, inverse, rank }
    }

    /// Whether no column but those that are constant is a combination of others, up to the rounding of Σ itself and that of the values.
    fn is_beyond(&self, rounding: &Rounding) -> bool {
        let varying = rounding.scales.iter().filter(|scale| **scale > 0.0).count();
        let pivots = (0..self.rank).map(|i| {
            let column = self.order[i];
            (self.lower[(i, i)] * self.scale[column]).powi(2) / rounding.scales[column]
        });
        if self.rank < varying || !pivots.fold(f64::INFINITY, f64::min).gt(&TRUSTED_PIVOT_RATIO) {
            return false;
        }
        let mut inverse = Mat::<f64>::identity(self.rank, self.rank);
        let leading = self.lower.submatrix(0, 0, self.rank, self.rank);
        solve_lower_triangular_in_place(leading, inverse.as_mut(), Par::Seq);
        let share = (0..self.rank).map(|i| {
            let column = self.order[i];
            let length: f64 = (i..self.rank).map(|k| inverse[(k, i)] * inverse[(k, i)]).sum();
            length * (rounding.deviations[column] / self.scale[column]).powi(2)
        });
        rounding.is_small(share.sum())
    }

    fn spectrum(&self) -> Result<Spectrum, LinalgError> {
        let (size, rank) = (self.scale.len(), self.rank);
        let entry = |row: usize, column: usize| {
            if column <= self.inverse[row] { self.lower[(self.inverse[row], column)] } else { 0.0 }
        };
        let factor = Mat::from_fn(size, rank, |row, column| self.scale[row] * entry(row, column));
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
}
