//! Looking for NaN and infinite values.

use super::real::Real;

/// Whether every value is finite; the fast path of reading a clean file.
#[must_use]
pub fn all_finite<T: Real>(values: &[T]) -> bool {
    // Chunks without an early exit inside let the compiler use vector compares.
    values.chunks(4096).all(|chunk| chunk.iter().fold(true, |ok, &v| ok & v.is_finite()))
}
