//! Coordinates in which a covariance is the identity.

use faer::{Mat, Par, Side};
use ndarray::{Array2, ArrayView1, ArrayView2};

use super::rounding::{Rounding, TRUSTED_PIVOT_RATIO};
use super::spectrum::{Spectrum, spectrum};
use super::{Factor, LinalgError, faer_view, sequential};
use crate::state::{State, StateError};

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
    /// `L⁻ᵀ` of Σ = L Lᵀ; `None` where Σ does not show by itself that every direction varies by more than rounding.
    #[must_use]
    pub fn regular(covariance: &ArrayView2<'_, f64>, rounding: &Rounding) -> Option<Self> {
        let whitening = Self::of_inverse(inverse_cholesky(covariance)?);
        let diagonal = whitening.matrix.diag();
        let mut pivots = diagonal.iter().map(|inverse| 1.0 / (inverse * inverse)).zip(&rounding.scales);
        if pivots.any(|(pivot, scale)| pivot <= scale * TRUSTED_PIVOT_RATIO) {
            return None;
        }
        let share = |(row, deviation): (ArrayView1<'_, f64>, &f64)| row.dot(&row) * deviation * deviation;
        let share = whitening.matrix.rows().into_iter().zip(&rounding.deviations).map(share).sum();
        rounding.is_small(share).then_some(whitening)
    }

    /// `U λ^{−1/2}` of the directions of greatest variance.
    #[must_use]
    pub fn of_spectrum(spectrum: &Spectrum, kept: usize) -> Self {
        let Spectrum { variances, directions } = spectrum;
        let matrix =
            Array2::from_shape_fn((directions.nrows(), kept), |(row, j)| directions[[row, j]] / variances[j].sqrt());
        let log_det = variances[..kept].iter().map(|variance| variance.ln()).sum();
        Self { matrix, factor: Factor::Full, rank: kept, log_det }
    }

    fn of_inverse(matrix: Array2<f64>) -> Self {
        let log_det = -2.0 * matrix.diag().iter().map(|pivot| pivot.ln()).sum::<f64>();
        Self { rank: matrix.nrows(), matrix, factor: Factor::Upper, log_det }
    }

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

/// The whitening of a covariance Σ (D, D), positive semi-definite up to rounding.
///
/// A well-conditioned Σ = L Lᵀ gives `W = L⁻ᵀ`. Else `W = U λ^{−1/2}` over the directions U of the [`spectrum`] whose variance λ is above
/// `cutoff` times the largest.
///
/// # Errors
/// [`LinalgError`] if the singular values do not converge.
pub fn whitening(covariance: &ArrayView2<'_, f64>, cutoff: f64) -> Result<Whitening, LinalgError> {
    if let Some(matrix) = inverse_cholesky(covariance) {
        return Ok(Whitening::of_inverse(matrix));
    }
    let spectrum = spectrum(covariance)?;
    let kept = spectrum.above(cutoff);
    Ok(Whitening::of_spectrum(&spectrum, kept))
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
}
