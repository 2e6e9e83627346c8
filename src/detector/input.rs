//! The arrays that a detector reads of new rows, and whether an array is like those it was calibrated on.

use super::error::DetectorError;
use crate::rows::{ArrayKind, Matrix, RowsError, Split};

/// Most columns of an array that a row can have: what a file claims, room is made for.
pub(super) const MOST_COLUMNS: usize = 1 << 19;

/// One array of the rows to be decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Which one.
    pub kind: ArrayKind,
    /// Its columns.
    pub columns: usize,
    /// Members of an ensemble, or patches, among them, side by side; 1 where there is no such axis.
    pub members: usize,
    /// The element type of the calibration rows, for messages.
    pub dtype: String,
    /// The largest relative error of rounding to that type.
    pub roundoff: f64,
    /// Whether nothing can be decided without it; logits that only tell the predicted class are not.
    pub required: bool,
}

impl Input {
    /// The array as the calibration rows have it.
    pub(super) fn of(kind: ArrayKind, matrix: &Matrix, required: bool) -> Self {
        let (columns, dtype, roundoff) = (matrix.columns(), matrix.dtype(), matrix.unit_roundoff());
        Self { kind, columns, members: matrix.members(), dtype, roundoff, required }
    }

    /// Refuses what could be written and not be read again.
    pub(super) fn check_width(&self, matrix: &Matrix) -> Result<(), RowsError> {
        if self.columns <= MOST_COLUMNS {
            return Ok(());
        }
        let (found, expected) = (format!("{} columns", self.columns), format!("at most {MOST_COLUMNS} for a detector"));
        Err(RowsError::malformed(matrix.path(), found, expected, "calibrate on fewer features"))
    }

    fn check(&self, matrix: &Matrix) -> Result<(), RowsError> {
        let remedy = "dump new rows as the rows of the calibration were dumped, or calibrate on rows like these";
        if matrix.columns() != self.columns {
            let expected = format!("{}, as the detector was calibrated on", self.columns);
            return Err(RowsError::malformed(matrix.path(), format!("{} columns", matrix.columns()), expected, remedy));
        }
        if matrix.members() != self.members {
            let [parts, of_one] = match self.kind {
                ArrayKind::Layer(_) => ["patches", "features"],
                _ => ["members", "classes"],
            };
            let of = |members: usize| format!("{members} {parts} of {} {of_one}", self.columns / members);
            let expected = format!("{}, as the detector was calibrated on", of(self.members));
            return Err(RowsError::malformed(matrix.path(), of(matrix.members()), expected, remedy));
        }
        if matrix.unit_roundoff() > self.roundoff {
            let expected = format!("{} or finer, as the threshold was chosen with", self.dtype);
            return Err(RowsError::malformed(matrix.path(), matrix.dtype(), expected, remedy));
        }
        Ok(())
    }
}

/// Whether one array is of the width and precision of the calibration.
pub(super) fn check_one(inputs: &[Input], kind: &ArrayKind, matrix: &Matrix) -> Result<(), RowsError> {
    inputs.iter().filter(|input| input.kind == *kind).try_for_each(|input| input.check(matrix))
}

/// Whether rows have the arrays that a detector reads, of the widths and precision of the calibration.
pub(super) fn check(inputs: &[Input], split: &Split) -> Result<(), DetectorError> {
    for input in inputs {
        match split.matrix(&input.kind) {
            Some(matrix) => input.check(matrix)?,
            None if input.required => {
                return Err(RowsError::Missing {
                    path: split
                        .origin
                        .either(split.place.join(format!("{}.npy", input.kind.file_stem())), split.place.clone()),
                    expected: format!("{} (rows, {}), which the detector reads", input.kind.file_stem(), input.columns),
                    remedy: split.origin.either("dump it beside the others", "add the array").to_owned(),
                }
                .into());
            }
            None => {}
        }
    }
    Ok(())
}
