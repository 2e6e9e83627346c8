//! The mean feature of every class.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayView1};

use super::error::FitError;
use super::rows::TrainingRows;
use crate::rows::ArrayKind;

/// Mean features `μ_c` of the classes that have training rows.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMeans {
    /// The labels of these classes, ascending.
    pub labels: Vec<i64>,
    /// Means (classes with rows, D), in this order.
    pub means: Array2<f64>,
    /// Rows of each of these classes.
    pub counts: Vec<usize>,
}

impl ClassMeans {
    /// The means of the training features by their labels, in one pass.
    ///
    /// # Errors
    /// [`FitError::Missing`] without features or labels.
    pub fn fit(training: &TrainingRows<'_>) -> Result<Self, FitError> {
        let (split, features) = training.features()?;
        let labels = training.labels()?;
        let mut sums = ClassSums::new(features.columns());
        for (range, block) in training.blocks(split, &[ArrayKind::Features]) {
            for (row, label) in block.features().rows().into_iter().zip(labels.block(range)) {
                sums.add(label, &row);
            }
        }
        Ok(sums.means())
    }
}

/// Sums of rows, class by class.
pub(super) struct ClassSums {
    columns: usize,
    sums: BTreeMap<i64, (usize, Array1<f64>)>,
}

impl ClassSums {
    /// No rows yet, of so many columns.
    pub(super) fn new(columns: usize) -> Self {
        Self { columns, sums: BTreeMap::new() }
    }

    /// Adds one row.
    pub(super) fn add(&mut self, label: i64, row: &ArrayView1<'_, f64>) {
        let (count, sum) = self.sums.entry(label).or_insert_with(|| (0, Array1::zeros(self.columns)));
        *count += 1;
        *sum += row;
    }

    /// The sum of all rows.
    pub(super) fn total(&self) -> Array1<f64> {
        self.sums.values().fold(Array1::zeros(self.columns), |total, (_, sum)| total + sum)
    }

    /// The mean of each class.
    pub(super) fn means(&self) -> ClassMeans {
        let mut means = Array2::zeros((self.sums.len(), self.columns));
        for (mut mean, (count, sum)) in means.rows_mut().into_iter().zip(self.sums.values()) {
            mean.assign(&(sum / *count as f64));
        }
        ClassMeans {
            labels: self.sums.keys().copied().collect(),
            means,
            counts: self.sums.values().map(|(count, _)| *count).collect(),
        }
    }
}
