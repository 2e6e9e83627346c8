//! The two element types that rows are handed on in.

use multiversion::multiversion;

use super::softmax::{Sums, add_exponentials};
use super::top::{Top, top_of};

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

    /// [`top`](super::top::top), by the widest vectors the machine has.
    fn top(row: &[Self]) -> Top;

    /// Adds the exponentials of a row to its softmax sums, by the widest vectors the machine has.
    fn add_exponentials(row: &[Self], top: Top, scale: f64, sums: &mut Sums);
}

macro_rules! kernels {
    ($element:ty) => {
        fn top(row: &[Self]) -> Top {
            #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2", "aarch64+neon"))]
            fn top(row: &[$element]) -> Top {
                top_of(row)
            }
            top(row)
        }

        fn add_exponentials(row: &[Self], top: Top, scale: f64, sums: &mut Sums) {
            #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2", "aarch64+neon"))]
            fn add(row: &[$element], top: Top, scale: f64, sums: &mut Sums) {
                add_exponentials(row, top, scale, sums);
            }
            add(row, top, scale, sums);
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

    kernels!(f32);
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

    kernels!(f64);
}
