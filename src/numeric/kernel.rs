//! The passes over a row that are compiled once for each width of vectors; which one runs is found out on the machine.

use multiversion::multiversion;

use super::exponentials::{Sums, add_exponentials};
use super::real::Real;
use super::scan::{Top, top_of};

/// An element type whose passes over a row use the widest vectors that the machine has.
pub trait Kernel: Real {
    /// The largest value of a non-empty row and its first index.
    fn top(row: &[Self]) -> Top;

    /// Adds the exponentials of a row to its softmax sums.
    fn add_exponentials(row: &[Self], top: Top, scale: f64, sums: &mut Sums);
}

// A macro and no generic function: `multiversion` makes versions of concrete functions only.
macro_rules! kernel {
    ($element:ty) => {
        impl Kernel for $element {
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
        }
    };
}

kernel!(f32);
kernel!(f64);
