//! Squared Mahalanobis distances to the nearest of several means under one covariance.

use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::error::FitError;
use super::moment::{Moment, Rank};
use super::space::Space;
use super::training::Training;
use crate::numeric::linalg::{Factor, Side, Threads, Whitening};
use crate::numeric::recycled::{Recycled, RecycledMatrix};
use crate::numeric::row_product::row_product;
use crate::numeric::vector::squared_distance;
use crate::rows::ArrayKind;
use crate::state::{State, StateError};

/// `min_c (f − μ_c)ᵀ Σ⁺ (f − μ_c)`, with the whitening of Σ and the whitened means given.
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
    /// The class means of an array of training features, under the covariance that all classes share.
    ///
    /// # Errors
    /// [`FitError`] if features or labels are missing, nothing varies within the classes, or a factorisation fails.
    pub fn tied(
        training: &Training<'_>,
        array: &ArrayKind,
        space: Space,
        rcond: f64,
        side: Side,
    ) -> Result<(Self, Rank), FitError> {
        let gaussian = training.gaussian_of(array, space)?;
        let (whitening, rank) = gaussian.within_classes(training)?.whitening(training, rcond, side)?;
        Ok((Self::new(&gaussian.classes(training)?.means, whitening), rank))
    }

    /// A single mean: plain Mahalanobis distances to it.
    ///
    /// # Errors
    /// [`FitError`] if a factorisation fails.
    pub fn single(
        training: &Training<'_>,
        mean: &Array1<f64>,
        moment: &Moment<'_>,
        rcond: f64,
        side: Side,
    ) -> Result<(Self, Rank), FitError> {
        let (whitening, rank) = moment.whitening(training, rcond, side)?;
        Ok((Self::new(&mean.clone().insert_axis(Axis(0)), whitening), rank))
    }

    /// Means (C, D) in the coordinates of a whitening.
    #[must_use]
    pub fn new(means: &Array2<f64>, whitening: Whitening) -> Self {
        let centre = means.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(means.ncols()));
        let means = whiten(&(means - &centre), &whitening, Threads::All).into_array();
        let half_squares = means.map_axis(Axis(1), |mean| mean.dot(&mean) / 2.0);
        Self { centre, whitening, means, half_squares }
    }

    /// The mean of the class means (D).
    #[must_use]
    pub fn centre(&self) -> &Array1<f64> {
        &self.centre
    }

    /// What turns differences to it into coordinates of unit variance (D, rank).
    #[must_use]
    pub fn whitening(&self) -> &Array2<f64> {
        &self.whitening.matrix
    }

    /// The class means in these coordinates (C, rank).
    #[must_use]
    pub fn means(&self) -> &Array2<f64> {
        &self.means
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

    /// The squared distance of every row of features (n, D).
    ///
    /// Two products find the nearest mean; the distance to it is then summed from differences. Distances beyond the largest number are
    /// the largest number.
    #[must_use]
    pub fn squared_distances(&self, features: &Array2<f64>) -> Recycled<f64> {
        let white = whiten(&RecycledMatrix::difference(features, &self.centre), &self.whitening, Threads::One);
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

fn whiten(centred: &Array2<f64>, whitening: &Whitening, threads: Threads) -> RecycledMatrix {
    row_product(&centred.view(), &whitening.matrix.view(), whitening.factor, threads)
}
