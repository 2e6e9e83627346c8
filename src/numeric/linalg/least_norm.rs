//! The shortest solution of linear equations.

use ndarray::{Array1, ArrayView1, ArrayView2};

use super::{LinalgError, faer_view, sequential};

/// `A⁺ b`: the shortest of the x that bring `A x` (m, n) nearest to `b` (m).
///
/// Singular values up to `cutoff` times the largest count as zero.
///
/// # Errors
/// [`LinalgError`] if the singular values do not converge.
pub fn least_norm_solution(
    a: &ArrayView2<'_, f64>,
    b: &ArrayView1<'_, f64>,
    cutoff: f64,
) -> Result<Array1<f64>, LinalgError> {
    sequential();
    let svd = faer_view(a).thin_svd().map_err(|_| LinalgError::NoConvergence { size: a.nrows() })?;
    let (left, right, singular) = (svd.U(), svd.V(), svd.S().column_vector());
    let mut solution = Array1::zeros(a.ncols());
    for j in 0..singular.nrows() {
        if singular[j] > cutoff * singular[0] {
            let along: f64 = b.iter().enumerate().map(|(i, b)| left[(i, j)] * b).sum();
            solution.iter_mut().enumerate().for_each(|(i, x)| *x += right[(i, j)] * along / singular[j]);
        }
    }
    Ok(solution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// x + 2y = 5 once and twice: of all solutions (1, 2) is the shortest. 0·x = 1 leaves x = 0.
    #[test]
    fn shortest_solution_of_dependent_equations() {
        let x = least_norm_solution(&array![[1.0, 2.0], [2.0, 4.0]].view(), &array![5.0, 10.0].view(), 1e-15).unwrap();
        assert!((x[0] - 1.0).abs() < 1e-14 && (x[1] - 2.0).abs() < 1e-14);
        let none = least_norm_solution(&array![[0.0, 0.0]].view(), &array![1.0].view(), 1e-15).unwrap();
        assert_eq!(none, array![0.0, 0.0]);
    }
}
