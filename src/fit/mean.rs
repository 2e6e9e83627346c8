//! The mean training feature.

use ndarray::Array1;

use super::error::FitError;
use super::rows::TrainingRows;
use crate::rows::ArrayKind;

/// `μ = 1/n Σ_i f_i` (D) of the training features, whatever their labels.
///
/// Rows are added one by one in their order, so the blocks they are read in leave no trace in the last digits.
///
/// # Errors
/// [`FitError::Missing`] without training features.
pub fn mean_feature(training: &TrainingRows<'_>) -> Result<Array1<f64>, FitError> {
    let (split, features) = training.features()?;
    let mut sum = Array1::zeros(features.columns());
    for (_, block) in training.blocks(split, &[ArrayKind::Features]) {
        block.features().rows().into_iter().for_each(|row| sum += &row);
    }
    Ok(sum / split.rows as f64)
}
