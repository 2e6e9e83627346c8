//! What some directions leave over.

use ndarray::{Array2, ArrayView2};

use super::{faer_view, sequential};

/// An orthonormal basis (D, D − k) of all that is orthogonal to orthonormal columns (D, k).
#[must_use]
pub fn complement(columns: &ArrayView2<'_, f64>) -> Array2<f64> {
    let (size, taken) = columns.dim();
    if taken == 0 {
        return Array2::eye(size);
    }
    sequential();
    let q = faer_view(columns).qr().compute_Q();
    Array2::from_shape_fn((size, size - taken), |(row, j)| q[(row, taken + j)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{array, s};

    #[test]
    fn complement_is_orthonormal_and_orthogonal() {
        let columns = array![[0.6, 0.0], [0.8, 0.0], [0.0, 0.0], [0.0, -1.0]];
        let rest = complement(&columns.view());
        assert_eq!(rest.dim(), (4, 2));
        assert!((rest.t().dot(&rest) - Array2::<f64>::eye(2)).iter().all(|d| d.abs() < 1e-15));
        assert!(rest.t().dot(&columns).iter().all(|d| d.abs() < 1e-15));
        assert_eq!(complement(&columns.slice(s![.., ..0])), Array2::<f64>::eye(4));
    }
}
