//! What the score `gram` reads of a map: row sums of the Gram matrices of its powers (Sastry and Oore 2020).
//!
//! ```text
//! g_ki = sign(s)·|s|^(1/k),    s = Σ_j Σ_x F_i(x)^k F_j(x)^k        orders k = 1 to 10, channels i and j, pixels x
//! ```
//!
//! A row has the channels of order 1, then those of order 2, and so on. The matrix itself is not made: s = Σ_x F_i(x)^k · Σ_j F_j(x)^k. In double precision, since
//! the twentieth power of an activation is no number of single precision beyond 84.

use candle_core::{Result, Tensor};
use ndarray::Array2;
use rayon::prelude::*;

/// Orders K.
pub const ORDERS: usize = 10;

/// From maps (n, c, h, w) to rows (n, K·c).
///
/// # Errors
///
/// The maps have not four axes, or cannot be fetched from their device.
pub fn row_sums(maps: &Tensor) -> Result<Array2<f32>> {
    let (n, c, h, w) = maps.dims4()?;
    let values: Vec<f32> = maps.detach().flatten_all()?.to_vec1()?;
    let mut rows = Array2::zeros((n, ORDERS * c));
    let images = values.par_chunks(c * h * w);
    if let Some(all) = rows.as_slice_mut() {
        all.par_chunks_mut(ORDERS * c).zip(images).for_each(|(row, map)| of_map(map, [c, h * w], row));
    }
    Ok(rows)
}

fn of_map(map: &[f32], [channels, pixels]: [usize; 2], row: &mut [f32]) {
    let map: Vec<f64> = map.iter().copied().map(f64::from).collect();
    let mut powers = map.clone();
    for (order, out) in (1..).zip(row.chunks_exact_mut(channels)) {
        let mut totals = vec![0.0; pixels];
        for plane in powers.chunks_exact(pixels) {
            totals.iter_mut().zip(plane).for_each(|(total, power)| *total += power);
        }
        for (out, plane) in out.iter_mut().zip(powers.chunks_exact(pixels)) {
            let sum: f64 = plane.iter().zip(&totals).map(|(power, total)| power * total).sum();
            *out = (sum.signum() * sum.abs().powf(1.0 / f64::from(order))) as f32;
        }
        powers.iter_mut().zip(&map).for_each(|(power, value)| *power *= value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    /// Two channels of two pixels, (1, 2) and (3, 4), as on the score's page; and the second image with signs.
    #[test]
    fn row_sums_by_hand() {
        let maps = Tensor::new(&[1_f32, 2.0, 3.0, 4.0, 1.0, -2.0, 0.0, 1.0], &Device::Cpu).unwrap();
        let rows = row_sums(&maps.reshape((2, 2, 1, 2)).unwrap()).unwrap();
        assert_eq!(rows.dim(), (2, 2 * ORDERS));
        let near =
            |found: f32, expected: f64| assert!((f64::from(found) - expected).abs() < 1e-5, "{found} {expected}");
        for (column, expected) in [(0, 16.0), (1, 36.0), (2, 90_f64.sqrt()), (3, 410_f64.sqrt())] {
            near(rows[[0, column]], expected);
        }
        // Order 1: (1, −2)·((1, −2) + (0, 1)) = 3 and (0, 1)·(1, −1) = −1; order 3: (1, −8)·(1, −7) = 57 and −7.
        for (column, expected) in [(0, 3.0), (1, -1.0), (4, 57_f64.cbrt()), (5, -(7_f64.cbrt()))] {
            near(rows[[1, column]], expected);
        }
    }

    /// Scaled maps have row sums scaled by the square, to the tenth order: 10⁶ to the 20th is beyond single precision.
    #[test]
    fn large_activations_stay_finite() {
        let maps = Tensor::new(&[1_f32, 2.0, 3.0, 4.0], &Device::Cpu).unwrap().reshape((1, 2, 1, 2)).unwrap();
        let (plain, scaled) = (row_sums(&maps).unwrap(), row_sums(&(maps * 1e6).unwrap()).unwrap());
        for (plain, scaled) in plain.iter().zip(&scaled) {
            assert!((scaled / plain - 1e12).abs() < 1e7, "{plain} {scaled}");
        }
    }
}
