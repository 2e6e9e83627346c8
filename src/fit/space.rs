//! Features as they are, or their directions.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use crate::numeric::real::Real;
use crate::numeric::vector::normalise;
use crate::rows::{RowBlock, Rows};

/// Which form of the features a score works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// `f`.
    Raw,
    /// `f̂ = f/‖f‖`, with `0̂ = 0`.
    Unit,
}

/// Rows that one thread prepares at a time.
const STEP: usize = 32;

impl Space {
    /// The features of a block in this form (rows, D).
    #[must_use]
    pub fn of<'b>(self, block: &'b RowBlock<'_>) -> &'b Array2<f64> {
        match self {
            Self::Raw => block.features(),
            Self::Unit => block.unit_features(),
        }
    }

    /// Writes rows in this form, less `origin`, on all threads.
    pub(super) fn write(self, rows: &Rows<'_>, origin: &Array1<f64>, out: &mut ArrayViewMut2<'_, f64>) {
        match rows {
            Rows::F32(rows) => self.write_real(&rows.view(), origin, out),
            Rows::F64(rows) => self.write_real(&rows.view(), origin, out),
        }
    }

    fn write_real<T: Real>(self, rows: &ArrayView2<'_, T>, origin: &Array1<f64>, out: &mut ArrayViewMut2<'_, f64>) {
        let pieces = out.axis_chunks_iter_mut(Axis(0), STEP).zip(rows.axis_chunks_iter(Axis(0), STEP));
        pieces.collect::<Vec<_>>().into_par_iter().for_each(|(mut out, rows)| {
            for (mut out, row) in out.rows_mut().into_iter().zip(rows.rows()) {
                out.zip_mut_with(&row, |to, from| *to = from.to_f64());
                if self == Self::Unit {
                    out.as_slice_mut().into_iter().for_each(normalise);
                }
                out -= origin;
            }
        });
    }
}
