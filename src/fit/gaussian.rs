//! Class means and the covariance they share.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, Axis};

use super::training::{FitError, Training};
use crate::numeric::linalg::{Threads, add_product};

/// Class means `μ_c` and the tied covariance `Σ = 1/n Σ_i (f_i − μ_{y_i})(f_i − μ_{y_i})ᵀ` of the training features.
///
/// One pass over the rows: sums are taken about the mean of the first block, which removes the common offset that would
/// cancel badly, and classes are centred afterwards. By construction the centred rows have mean zero, so centring them
/// once more, as scikit-learn's `EmpiricalCovariance` does, changes nothing.
#[derive(Clone, Debug)]
pub struct ClassGaussian {
    /// Means (classes with rows, D), in order of class.
    pub means: Array2<f64>,
    /// Rows of each of these classes.
    pub counts: Vec<usize>,
    /// The tied covariance (D, D), divided by n.
    pub covariance: Array2<f64>,
    /// Training rows.
    pub rows: usize,
}

impl ClassGaussian {
    /// Fits the training rows by their labels.
    ///
    /// # Errors
    /// [`FitError::Missing`] without features or labels, [`FitError::NoVariance`] if nothing varies.
    pub fn fit(training: &Training<'_>) -> Result<Self, FitError> {
        let split = training.split()?;
        let features = split.features.as_ref().ok_or_else(|| training.missing("features", "id/train/features.npy"))?;
        let labels = split.labels.as_ref().ok_or_else(|| training.missing("labels", "id/train/labels.npy"))?;
        let columns = features.columns();
        let mut shift: Option<Array1<f64>> = None;
        let mut sums: BTreeMap<i64, (usize, Array1<f64>)> = BTreeMap::new();
        let mut scatter = Array2::<f64>::zeros((columns, columns));
        for range in split.block_ranges() {
            let mut block = features.block(range.clone()).to_f64();
            let shift = shift.get_or_insert_with(|| block.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(columns)));
            block -= &*shift;
            for (row, label) in block.rows().into_iter().zip(labels.block(range)) {
                let (count, sum) = sums.entry(label).or_insert_with(|| (0, Array1::zeros(columns)));
                *count += 1;
                *sum += &row;
            }
            add_product(&mut scatter.view_mut(), &block.t(), &block.view(), Threads::All);
        }
        let shift = shift.unwrap_or_else(|| Array1::zeros(columns));
        let counts: Vec<usize> = sums.values().map(|(count, _)| *count).collect();
        let mut means = Array2::zeros((sums.len(), columns));
        let mut weighted = Array2::zeros((sums.len(), columns));
        for (i, (count, sum)) in sums.values().enumerate() {
            means.row_mut(i).assign(&(sum / *count as f64));
            weighted.row_mut(i).assign(sum);
        }
        // Σ n_c m_c m_cᵀ with m_c about the shift: what the class means themselves contribute to the scatter.
        scatter -= &means.t().dot(&weighted);
        means += &shift;
        let rows = split.rows;
        let covariance = scatter / rows as f64;
        if !covariance.diag().iter().any(|&variance| variance > 0.0) {
            return Err(FitError::NoVariance { place: split.place.clone() });
        }
        Ok(Self { means, counts, covariance, rows })
    }
}
