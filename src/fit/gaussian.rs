//! Mean and covariance of training features, as a whole and within classes.

use std::path::PathBuf;

use ndarray::{Array1, Array2, Axis, s};

use super::class_means::{ClassMeans, ClassSums};
use super::error::FitError;
use super::moment::{About, Decompositions, Moment};
use super::rounding::rounding;
use super::rows::TrainingRows;
use super::space::Space;
use crate::numeric::linalg::{Rounding, add_gram};
use crate::rows::ArrayKind;

/// Mean, covariance and class means of the training features.
///
/// ```text
/// μ = 1/n Σ_i f_i,    Σ_0 = 1/n Σ_i (f_i − μ)(f_i − μ)ᵀ,    Σ = 1/n Σ_i (f_i − μ_{y_i})(f_i − μ_{y_i})ᵀ
/// ```
///
/// One pass over the rows: sums are taken about a typical row, which removes the common offset that would cancel badly, and means are
/// subtracted afterwards.
#[derive(Clone, Debug)]
pub struct Gaussian {
    /// Training rows n.
    pub rows: usize,
    /// `μ` (D).
    pub mean: Array1<f64>,
    /// `Σ_0` (D, D), whatever the labels. A feature that is the same in all rows has a variance of exactly zero.
    pub covariance: Array2<f64>,
    classes: Option<ClassMeans>,
    /// How far the features are from those that were meant.
    rounding: Rounding,
    array: ArrayKind,
    space: Space,
    decompositions: Decompositions,
    /// The file of the features.
    file: PathBuf,
}

/// Rows that are multiplied at once: the depth of faer's product, so that fewer would cost speed and more only memory.
const CHUNK: usize = 512;

/// Shares of the variance within classes in all variance up to which it is what rounding left of none.
const NO_SHARE: f64 = 1e-13;

impl Gaussian {
    /// Fits an array of features of the training rows; the classes as well where there are labels.
    ///
    /// # Errors
    /// [`FitError::Missing`] without these features, [`FitError::NoVariance`] if all rows are the same.
    pub fn fit(training: &TrainingRows<'_>, array: &ArrayKind, space: Space) -> Result<Self, FitError> {
        let (split, features) = training.features_of(array)?;
        let file = features.path().to_owned();
        let (rows, columns) = (split.rows, features.columns());
        let read = |start: usize, origin: &Array1<f64>, chunk: &mut Array2<f64>| {
            let range = start..rows.min(start + CHUNK);
            space.write(&features.block(range.clone()), origin, &mut chunk.slice_mut(s![..range.len(), ..]));
            range
        };
        let mut chunk = Array2::zeros((CHUNK.min(rows), columns));
        read(0, &Array1::zeros(columns), &mut chunk);
        let origin = typical_row(&chunk);
        let mut sums = ClassSums::new(columns);
        let mut scatter = Array2::zeros((columns, columns));
        for start in (0..rows).step_by(CHUNK) {
            let range = read(start, &origin, &mut chunk);
            let chunk = chunk.slice(s![..range.len(), ..]);
            // Without labels all rows are one class, whose sum is wanted all the same.
            let labels = match &split.labels {
                Some(labels) => labels.block(range),
                None => vec![0; range.len()],
            };
            chunk.rows().into_iter().zip(labels).for_each(|(row, label)| sums.add(label, &row));
            add_gram(&mut scatter.view_mut(), &chunk);
        }
        let offset = sums.total() / rows as f64;
        let covariance = symmetric(columns, |i, j| scatter[[i, j]] / rows as f64 - offset[i] * offset[j]);
        // Written so that NaN is not taken for a constant.
        if covariance.diag().iter().all(|&variance| variance <= 0.0) {
            return Err(FitError::NoVariance { place: file });
        }
        let mut classes = sums.means();
        classes.means += &origin;
        let classes = split.labels.is_some().then_some(classes);
        let scales = scatter.diag().mapv(|square| square / rows as f64);
        let mean = origin + offset;
        let mean_squares = &covariance.diag() + &(&mean * &mean);
        if !mean_squares.iter().chain(&covariance).all(|value| value.is_finite()) {
            return Err(FitError::TooLarge { place: file });
        }
        let rounding = rounding(features, &mean_squares, scales);
        let (array, decompositions) = (array.clone(), Decompositions::default());
        Ok(Self { rows, mean, covariance, classes, rounding, array, space, decompositions, file })
    }

    /// The class means.
    ///
    /// # Errors
    /// [`FitError::Missing`] if the training rows have no labels.
    pub fn classes(&self, training: &TrainingRows<'_>) -> Result<&ClassMeans, FitError> {
        self.classes.as_ref().ok_or_else(|| training.missing_labels())
    }

    /// `Σ` (D, D), the covariance that all classes share, divided by n.
    ///
    /// By construction the residuals `f_i − μ_{y_i}` have mean zero, so centring them once more, as scikit-learn's `EmpiricalCovariance`
    /// does, changes nothing.
    ///
    /// # Errors
    /// [`FitError::Missing`] without labels, [`FitError::NoVariance`] if the rows of each class are the same.
    pub fn within_classes(&self, training: &TrainingRows<'_>) -> Result<Moment<'_>, FitError> {
        let ClassMeans { means, counts, .. } = self.classes(training)?;
        let mut between = means - &self.mean;
        for (mut row, &count) in between.rows_mut().into_iter().zip(counts) {
            row *= (count as f64 / self.rows as f64).sqrt();
        }
        let mut of_means = Array2::zeros(self.covariance.dim());
        add_gram(&mut of_means.view_mut(), &between.view());
        let tied = symmetric(self.mean.len(), |i, j| self.covariance[[i, j]] - of_means[[i, j]]);
        let mut variances = tied.diag().into_iter().zip(self.covariance.diag());
        if variances.any(|(within, all)| *within > NO_SHARE * all) {
            Ok(self.moment(About::ClassMeans, self.rounding.clone(), tied))
        } else {
            Err(FitError::NoVariance { place: self.file.clone() })
        }
    }

    /// `Σ_0`, the covariance of all rows.
    #[must_use]
    pub fn of_all(&self) -> Moment<'_> {
        self.moment(About::Mean, self.rounding.clone(), self.covariance.clone())
    }

    /// `1/n Σ_i f_i f_iᵀ`.
    ///
    /// Adding what the mean contributes, instead of summing f fᵀ beside the covariance, loses nothing: both terms are positive semi-definite.
    #[must_use]
    pub fn about_origin(&self) -> Moment<'_> {
        let mean = self.mean.view().insert_axis(Axis(1));
        let moment = &self.covariance + &mean.dot(&mean.t());
        let rounding = Rounding { scales: moment.diag().to_owned(), ..self.rounding.clone() };
        self.moment(About::Origin, rounding, moment)
    }

    fn moment(&self, about: About, rounding: Rounding, matrix: Array2<f64>) -> Moment<'_> {
        Moment {
            array: &self.array,
            space: self.space,
            about,
            mean: &self.mean,
            classes: self.classes.as_ref(),
            rounding,
            decompositions: &self.decompositions,
            matrix,
        }
    }
}

/// The mean row, summed as differences to the first one: where all rows agree it is exactly theirs.
fn typical_row(rows: &Array2<f64>) -> Array1<f64> {
    let first = rows.row(0);
    let differences = (rows - &first).sum_axis(Axis(0)) / rows.nrows() as f64;
    differences + first
}

/// A symmetric matrix from its entries on and below the diagonal.
fn symmetric(size: usize, entry: impl Fn(usize, usize) -> f64) -> Array2<f64> {
    Array2::from_shape_fn((size, size), |(i, j)| entry(i.max(j), i.min(j)))
}
