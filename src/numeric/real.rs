//! The two element types that rows are handed on in.

use multiversion::multiversion;

use super::softmax::{Sums, add_exponentials};

/// An element of a block of rows: `f32` or `f64`.
///
/// Narrower floats are widened to `f32` when a block is read, which loses nothing.
pub trait Real: Copy + PartialOrd + Send + Sync + 'static {
    /// The smallest value, the start of a search for the largest.
    const NEG_INFINITY: Self;

    /// The value as `f64`, exactly.
    fn to_f64(self) -> f64;

    /// Whether the value is neither NaN nor infinite.
    fn is_finite(self) -> bool;

    /// Adds the exponentials of a row to its softmax sums, by the widest vectors the machine has.
    fn add_exponentials(values: &[Self], top: f64, temperature: f64, sums: &mut Sums);
}

macro_rules! exponentials {
    ($element:ty) => {
        fn add_exponentials(values: &[Self], top: f64, temperature: f64, sums: &mut Sums) {
            // Division by one changes nothing and would cost more than the exponential.
            #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2", "aarch64+neon"))]
            fn plain(values: &[$element], top: f64, sums: &mut Sums) {
                add_exponentials(values, top, 1.0, sums);
            }
            #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2", "aarch64+neon"))]
            fn tempered(values: &[$element], top: f64, temperature: f64, sums: &mut Sums) {
                add_exponentials(values, top, temperature, sums);
            }
            if temperature == 1.0 {
                plain(values, top, sums);
            } else {
                tempered(values, top, temperature, sums);
            }
        }
    };
}

impl Real for f32 {
    const NEG_INFINITY: Self = f32::NEG_INFINITY;

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }

    exponentials!(f32);
}

impl Real for f64 {
    const NEG_INFINITY: Self = f64::NEG_INFINITY;

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }

    exponentials!(f64);
}
