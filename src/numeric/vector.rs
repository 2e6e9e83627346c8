//! Sums over vectors, in an order that depends on their length alone, and directions of vectors.

use ndarray::{Array2, ArrayView2};

use super::recycled::RecycledMatrix;

/// Sums kept at once, whatever the width of the machine's vectors: a vector of eight `f64`.
pub const LANES: usize = 8;

/// `Σ_j term(a_j, b_j)` over the shorter of two slices, in eight interleaved sums that the compiler can keep in vectors.
#[inline(always)]
fn sum<A: Copy, B: Copy>(a: &[A], b: &[B], term: impl Fn(A, B) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_chunks.remainder().iter().zip(b_chunks.remainder());
    for (a, b) in a_chunks.zip(b_chunks) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += term(a, b);
        }
    }
    for (lane, (&a, &b)) in lanes.iter_mut().zip(rest) {
        *lane += term(a, b);
    }
    lanes.iter().sum()
}

/// Adds `term(a_j)` to eight interleaved sums, for terms that are computed eight at a time; inlined, so that it uses the vector width of its caller.
///
/// The last values are filled up with `nothing`, whose term is zero.
#[inline(always)]
pub fn add_terms(a: &[f64], nothing: f64, lanes: &mut [f64; LANES], term: impl Fn([f64; LANES]) -> [f64; LANES]) {
    let (chunks, rest) = a.as_chunks::<LANES>();
    for chunk in chunks {
        lanes.iter_mut().zip(term(*chunk)).for_each(|(lane, term)| *lane += term);
    }
    if !rest.is_empty() {
        let mut last = [nothing; LANES];
        last[..rest.len()].copy_from_slice(rest);
        lanes.iter_mut().zip(term(last)).for_each(|(lane, term)| *lane += term);
    }
}

/// `⟨a, b⟩` of two vectors of equal length.
///
/// ```
/// assert_eq!(oodbench::numeric::vector::dot(&[1.0, 2.0], &[3.0, -1.0]), 1.0);
/// ```
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    sum(a, b, |a, b| a * b)
}

/// `‖a − b‖₂²` of two vectors of equal length.
#[must_use]
pub fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    sum(a, b, |a, b| (a - b) * (a - b))
}

/// `‖a‖₂`; exact to rounding even where squares would overflow or vanish.
#[must_use]
pub fn norm(a: &[f64]) -> f64 {
    let squares = dot(a, a);
    if squares.is_normal() {
        return squares.sqrt();
    }
    let largest = a.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    largest * sum(a, a, |a, _| (a / largest) * (a / largest)).sqrt()
}

/// Divides a vector by its norm; the zero vector stays zero.
pub fn normalise(a: &mut [f64]) {
    let norm = norm(a);
    if norm > 0.0 {
        a.iter_mut().for_each(|value| *value /= norm);
    }
}

/// The rows of a matrix, each divided by its norm.
#[must_use]
pub fn unit_rows(rows: &Array2<f64>) -> RecycledMatrix {
    unit_rows_of(&rows.view())
}

/// The same of rows that another array holds.
#[must_use]
pub fn unit_rows_of(rows: &ArrayView2<'_, f64>) -> RecycledMatrix {
    let mut units = RecycledMatrix::of(rows);
    let columns = units.ncols().max(1);
    if let Some(values) = units.as_slice_mut() {
        values.chunks_exact_mut(columns).for_each(normalise);
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Σ_{j<n} j² = (n−1) n (2n−1)/6: every element counts once, whatever the length.
    #[test]
    fn sums_count_every_element_once() {
        for n in [0_usize, 1, 7, 8, 9, 16, 31] {
            let values: Vec<f64> = (0..n).map(|j| j as f64).collect();
            let doubled: Vec<f64> = values.iter().map(|v| 2.0 * v).collect();
            let expected = (n * (2 * n).saturating_sub(1) * n.saturating_sub(1) / 6) as f64;
            assert_eq!(dot(&values, &values), expected);
            assert_eq!(squared_distance(&values, &doubled), expected);
        }
    }

    #[test]
    fn units_of_ordinary_zero_and_extreme_rows() {
        let rows = array![[3.0, 4.0], [0.0, 0.0], [3e300, -4e300], [3e-300, 4e-300], [0.0, 5e-324]];
        let expected = array![[0.6, 0.8], [0.0, 0.0], [0.6, -0.8], [0.6, 0.8], [0.0, 1.0]];
        assert!((&*unit_rows(&rows) - expected).iter().all(|d| d.abs() < 1e-15));
    }
}
