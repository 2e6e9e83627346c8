//! How far stored features are from those that were meant.

use ndarray::Array1;

use crate::numeric::linalg::Rounding;
use crate::rows::{Matrix, Rows};

/// Rows looked at to tell values that were rounded to single precision before they were stored in double.
const ROWS: usize = 512;

/// Half a unit in the last place of 1 in double precision.
const DOUBLE: f64 = 1.0 / (1_u64 << 53) as f64;

/// The same in single precision.
const SINGLE: f64 = 1.0 / (1_u64 << 24) as f64;

/// The last bits of a single-precision number of which rounded values use some; whole numbers and grids do not.
const LAST_BITS: u32 = 0xf;

/// The largest relative error that the stored precision leaves, `u`: 2⁻²⁴ for single precision. Values that were single before they were stored
/// in double count as single.
fn relative_error(features: &Matrix) -> f64 {
    let stored = features.unit_roundoff();
    if stored > DOUBLE {
        return stored;
    }
    let (mut single, mut rounded) = (true, false);
    if let Rows::F64(rows) = features.block(0..features.rows().min(ROWS)) {
        for &value in rows.view() {
            let near = value as f32;
            single &= f64::from(near).to_bits() == value.to_bits();
            rounded |= near.to_bits() & LAST_BITS != 0;
        }
    }
    if single && rounded { SINGLE } else { stored }
}

/// The rounding of features of these mean squares (D), and the mean squares at which their second moments were summed up.
///
/// A value x is off by at most `u|x|`, evenly spread: a variance of `u² E[x²]/3`. Centring and the factorisation of n rows of D columns add rounding of
/// double precision, of about `√(n + D)` times its unit.
pub(super) fn rounding(features: &Matrix, mean_squares: &Array1<f64>, scales: Array1<f64>) -> Rounding {
    let (rows, columns) = (features.rows(), features.columns());
    let share = relative_error(features).powi(2) / 3.0 + DOUBLE.powi(2) * (rows + columns) as f64;
    Rounding { deviations: mean_squares.mapv(|square| (square * share).sqrt()), scales, rows }
}
