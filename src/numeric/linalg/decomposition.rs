//! Variances and directions of rows, without those that are nothing but rounding.

use std::borrow::Cow;

use faer::Mat;
use ndarray::{Array2, ArrayView2, s};

use super::rounding::{RankCut, Rounding};
use super::spectrum::{Spectrum, spectrum_beyond_rounding};
use super::{LinalgError, faer_view, sequential};

/// Which of the ranks that cannot be told apart is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one of the widest gap.
    Chosen,
    /// The least of them.
    Fewer,
    /// The greatest of them.
    More,
}

/// Variances and directions of rows, and how many of them there are.
#[derive(Clone, Debug)]
pub struct Decomposition {
    spectrum: Spectrum,
    /// `None` where the second moments alone show that every direction varies, but for constant columns.
    of_rows: Option<OfRows>,
}

/// What the rows themselves say.
#[derive(Clone, Debug)]
struct OfRows {
    cut: RankCut,
    /// `R` with `RᵀR/n` the second moments.
    factor: Array2<f64>,
    /// Directions (D, ·) in units of the rounding, scaled back: the first k span what the k largest variances span.
    axes: Array2<f64>,
}

impl Decomposition {
    /// Of rows with these second moments (D, D), divided by n; `factor` computes `R` with `RᵀR = n·moments` from the rows where the moments, which have half
    /// the digits, cannot decide.
    ///
    /// # Errors
    /// [`LinalgError`] if the singular values do not converge, made an error of the caller's by `failed`, and that of `factor`.
    pub fn new<E>(
        moments: &ArrayView2<'_, f64>,
        rounding: &Rounding,
        factor: impl FnOnce() -> Result<Array2<f64>, E>,
        failed: impl Fn(LinalgError) -> E,
    ) -> Result<Self, E> {
        if let Some(spectrum) = spectrum_beyond_rounding(moments, rounding).map_err(&failed)? {
            return Ok(Self { spectrum, of_rows: None });
        }
        Self::of_rows(factor()?, rounding).map_err(failed)
    }

    /// The same from `R` with `RᵀR = Σ_i x_i x_iᵀ` of rows x alone.
    fn of_rows(factor: Array2<f64>, rounding: &Rounding) -> Result<Self, LinalgError> {
        let factor = factor / (rounding.rows as f64).sqrt();
        let deviations = &rounding.deviations;
        let mut scaled = factor.clone();
        for (mut column, &deviation) in scaled.columns_mut().into_iter().zip(deviations) {
            column.mapv_inplace(|value| if deviation > 0.0 { value / deviation } else { 0.0 });
        }
        let (singular, mut axes) = right_vectors(&scaled.view())?;
        let variances: Vec<f64> = singular.iter().map(|sigma| sigma * sigma).collect();
        let cut = rounding.cut(&variances);
        // x is orthogonal to every combination of columns that vanishes exactly if it is a combination of these.
        for (mut row, deviation) in axes.rows_mut().into_iter().zip(deviations) {
            row *= *deviation;
        }
        let spectrum = restricted(&factor, &axes, cut.rank)?;
        Ok(Self { spectrum, of_rows: Some(OfRows { cut, factor, axes }) })
    }

    /// How the rank was found, where the rows had to decide.
    #[must_use]
    pub fn cut(&self) -> Option<RankCut> {
        self.of_rows.as_ref().map(|rows| rows.cut)
    }

    /// Variances and directions with one of the ranks that cannot be told apart.
    ///
    /// # Errors
    /// [`LinalgError`] if the singular values do not converge.
    pub fn at(&self, side: Side) -> Result<Cow<'_, Spectrum>, LinalgError> {
        let Some(OfRows { cut, factor, axes }) = &self.of_rows else { return Ok(Cow::Borrowed(&self.spectrum)) };
        let rank = match side {
            Side::Chosen => cut.rank,
            Side::Fewer => cut.fewer,
            Side::More => cut.more,
        };
        if rank == cut.rank {
            return Ok(Cow::Borrowed(&self.spectrum));
        }
        restricted(factor, axes, rank).map(Cow::Owned)
    }
}

/// Variances and directions of rows within the span of the first axes.
fn restricted(factor: &Array2<f64>, axes: &Array2<f64>, rank: usize) -> Result<Spectrum, LinalgError> {
    let basis = orthonormal(&axes.slice(s![.., ..rank]));
    let (singular, within) = right_vectors(&factor.dot(&basis).view())?;
    let variances = singular.iter().map(|sigma| sigma * sigma).collect();
    Ok(Spectrum { variances, directions: basis.dot(&within) })
}

/// An orthonormal basis (D, k) of independent columns.
fn orthonormal(columns: &ArrayView2<'_, f64>) -> Array2<f64> {
    let (size, taken) = columns.dim();
    if taken == 0 {
        return Array2::zeros((size, 0));
    }
    sequential();
    let q: Mat<f64> = faer_view(columns).qr().compute_thin_Q();
    Array2::from_shape_fn((size, taken), |(row, j)| q[(row, j)])
}

/// Singular values, descending, and right singular vectors (columns, min(rows, columns)).
fn right_vectors(a: &ArrayView2<'_, f64>) -> Result<(Vec<f64>, Array2<f64>), LinalgError> {
    let size = a.ncols();
    if size == 0 || a.nrows() == 0 {
        return Ok((Vec::new(), Array2::zeros((size, 0))));
    }
    sequential();
    let svd = faer_view(a).thin_svd().map_err(|_| LinalgError::NoConvergence { size })?;
    let (right, singular) = (svd.V(), svd.S().column_vector());
    let values = singular.iter().copied().collect();
    Ok((values, Array2::from_shape_fn((size, singular.nrows()), |(row, j)| right[(row, j)])))
}
