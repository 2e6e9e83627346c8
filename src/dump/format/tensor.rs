//! An array on its way into a file of several.

use crate::rows::Rows;

/// An array to be written.
pub(in crate::dump) enum Tensor<'a> {
    /// A matrix.
    Rows(Rows<'a>),
    /// One whole number a row.
    Labels(Vec<i64>),
}

impl Tensor<'_> {
    /// Lengths of its axes.
    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Rows(Rows::F32(rows)) => rows.view().shape().to_vec(),
            Self::Rows(Rows::F64(rows)) => rows.view().shape().to_vec(),
            Self::Labels(labels) => vec![labels.len()],
        }
    }
}
