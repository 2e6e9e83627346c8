//! The triangular factor of centred training features.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayViewMut2};
use rayon::prelude::*;

use super::space::Space;
use crate::numeric::linalg::Triangle;
use crate::rows::Matrix;

/// Groups of rows that are factorised at the same time; fixed, so that the bits do not depend on the number of threads.
const GROUPS: usize = 4;

/// Rows that are factorised at once where there are fewer columns.
const ROWS: usize = 512;

/// `R` (at most D, D) with `RᵀR = Σ_i x_i x_iᵀ` of the features in this form, after `centre` has been at them.
///
/// `centre` is given the range of the rows and the rows. O(n·D²), some four times what the Gram matrix takes, and each of the groups holds some six D × D matrices.
pub(super) fn factor_of_rows(
    features: &Matrix,
    space: Space,
    centre: impl Fn(Range<usize>, ArrayViewMut2<'_, f64>) + Sync,
) -> Array2<f64> {
    let (rows, columns) = (features.rows(), features.columns());
    let step = ROWS.max(columns);
    let starts: Vec<usize> = (0..rows).step_by(step).collect();
    let origin = Array1::zeros(columns);
    let of_group = |starts: &[usize]| {
        let mut triangle = Triangle::new(columns);
        for &start in starts {
            let range = start..rows.min(start + step);
            let mut piece = Array2::zeros((range.len(), columns));
            space.write(&features.block(range.clone()), &origin, &mut piece.view_mut());
            centre(range, piece.view_mut());
            triangle.add(&piece.view());
        }
        triangle
    };
    let groups: Vec<&[usize]> = starts.chunks(starts.len().div_ceil(GROUPS).max(1)).collect();
    let triangles: Vec<Triangle> = groups.into_par_iter().map(of_group).collect();
    let join = |mut all: Triangle, one: Triangle| {
        all.add(&one.into_factor().view());
        all
    };
    triangles.into_iter().fold(Triangle::new(columns), join).into_factor()
}
