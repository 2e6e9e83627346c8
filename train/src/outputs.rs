//! What a network gives for a batch is looked at before it is kept.

use ndarray::Array2;
use oodbench::rows::ArrayKind;

use super::data::ImageSet;
use super::error::TrainError;

/// Refuses rows of another shape than expected, or with numbers that are not finite; so many rows of the set came before.
pub(super) fn check_rows(
    kind: &ArrayKind,
    rows: &Array2<f32>,
    expected: (usize, usize),
    (before, set): (usize, &ImageSet),
) -> Result<(), TrainError> {
    let (array, set) = (kind.file_stem(), set.name.clone());
    if rows.dim() != expected {
        let (found, expected) = (format!("shape {:?}", rows.dim()), format!("{expected:?}"));
        return Err(TrainError::Outputs { array, set, found, expected });
    }
    match rows.rows().into_iter().position(|row| row.iter().any(|value| !value.is_finite())) {
        Some(row) => Err(TrainError::NotFinite { array, set, row: before + row }),
        None => Ok(()),
    }
}
