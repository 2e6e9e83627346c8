//! Squared Mahalanobis distances to the nearest of several means under one covariance.

use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::error::FitError;
use super::space::Space;
use super::training::Training;
use crate::numeric::linalg::{Factor, Threads, Whitening, whitening};
use crate::numeric::row_product::row_product;
use crate::numeric::vector::squared_distance;
use crate::rows::ArrayKind;
use crate::state::{State, StateError};

/// `min_c (f − μ_c)ᵀ Σ⁺ (f − μ_c)`, with the whitening of Σ and the whitened means at hand.
#[derive(Clone, Debug)]
pub struct NearestMean {
    /// The mean of the `μ_c`: whitening about it keeps `‖b‖² − 2ab` from cancelling.
    centre: Array1<f64>,
    whitening: Whitening,
    /// Whitened means (C, rank).
    means: Array2<f64>,
    half_squares: Array1<f64>,
}

/// The share of the largest variance up to which a variance counts as zero: the cut-off of `numpy.linalg.pinv`.
pub const RCOND: f64 = 1e-15;

impl NearestMean {
    /// Whitens means (C, D) by a covariance (D, D). Where it is singular, variances up to `rcond` times the largest count as zero.
    ///
    /// # Errors
    /// [`FitError::Linalg`] if a factorisation fails.
    pub fn new(
        training: &Training<'_>,
        means: &Array2<f64>,
        covariance: &Array2<f64>,
        rcond: f64,
    ) -> Result<Self, FitError> {
        let whitening = whitening(&covariance.view(), rcond)
            .map_err(|error| FitError::Linalg { place: training.rows().place.clone(), error })?;
        let centre = means.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(means.ncols()));
        let means = whiten(&(means - &centre), &whitening, Threads::All);
        let half_squares = means.map_axis(Axis(1), |mean| mean.dot(&mean) / 2.0);
        Ok(Self { centre, whitening, means, half_squares })
    }

    /// The class means of an array of training features, under the covariance that all classes share.
    ///
    /// # Errors
    /// As [`NearestMean::new`], and [`FitError`] if features or labels are missing or nothing varies within the classes.
    pub fn tied(training: &Training<'_>, array: &ArrayKind, space: Space, rcond: f64) -> Result<Self, FitError> {
        let gaussian = training.gaussian_of(array, space)?;
        let covariance = gaussian.tied_covariance(training)?;
        Self::new(training, &gaussian.classes(training)?.means, &covariance, rcond)
    }

    /// A single mean: plain Mahalanobis distances to it.
    ///
    /// # Errors
    /// As [`NearestMean::new`].
    pub fn single(
        training: &Training<'_>,
        mean: &Array1<f64>,
        covariance: &Array2<f64>,
        rcond: f64,
    ) -> Result<Self, FitError> {
        Self::new(training, &mean.clone().insert_axis(Axis(0)), covariance, rcond)
    }

    /// What a file keeps of it.
    #[must_use]
    pub fn save(&self) -> State<'_> {
        State::new()
            .with("centre", &self.centre)
            .with_part("whitening", self.whitening.save())
            .with("means", &self.means)
            .with("half_squares", &self.half_squares)
    }

    /// What was saved.
    ///
    /// # Errors
    /// [`StateError`] if it is something else.
    pub fn restore(state: &mut State<'_>) -> Result<Self, StateError> {
        Ok(Self {
            centre: state.vector("centre")?,
            whitening: state.part("whitening", Whitening::restore)?,
            means: state.matrix("means")?,
            half_squares: state.vector("half_squares")?,
        })
    }

    /// What to say of a covariance without inverse.
    #[must_use]
    pub fn note(&self, of: &str, rows: usize) -> Option<String> {
        let (rank, columns) = (self.whitening.rank, self.centre.len());
        (rank < columns).then(|| {
            format!(
                "the {of} of {rows} training rows is singular: rank {rank} of {columns}; directions without variance are ignored \
                 (pseudo-inverse)"
            )
        })
    }

    /// The squared distance of every row of features (n, D).
    ///
    /// Two products find the nearest mean; the distance to it is then summed from differences. Distances beyond the largest number are
    /// the largest number.
    #[must_use]
    pub fn squared_distances(&self, features: &Array2<f64>) -> Vec<f64> {
        let white = whiten(&(features - &self.centre), &self.whitening, Threads::One);
        let inner = row_product(&white.view(), &self.means.t(), Factor::Full, Threads::One);
        let distance = |(row, inner): (ArrayView1<'_, f64>, ArrayView1<'_, f64>)| {
            // ‖a − b‖² = ‖a‖² + 2 (‖b‖²/2 − ab).
            let halves = inner.iter().zip(&self.half_squares).map(|(ab, half)| half - ab);
            let nearest = halves.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(class, _)| class);
            let mean = self.means.row(nearest);
            squared_distance(row.as_slice().unwrap_or_default(), mean.as_slice().unwrap_or_default()).min(f64::MAX)
        };
        white.rows().into_iter().zip(inner.rows()).map(distance).collect()
    }
}

fn whiten(centred: &Array2<f64>, whitening: &Whitening, threads: Threads) -> Array2<f64> {
    row_product(&centred.view(), &whitening.matrix.view(), whitening.factor, threads)
}
