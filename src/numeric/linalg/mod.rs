//! The only door to faer: products, and factorisations in `f64`.

mod complement;
mod decomposition;
mod least_norm;
mod product;
mod rounding;
mod spectrum;
mod triangle;
mod whitening;

use std::sync::Once;

use faer::{MatMut, MatRef, Par};
use ndarray::{ArrayView2, ArrayViewMut2};

pub use complement::complement;
pub use decomposition::{Decomposition, Side};
pub use least_norm::least_norm_solution;
pub use product::{Factor, Threads, add_gram, add_product, narrowest_panel, product};
pub use rounding::{RankCut, Rounding, gram_rounding};
pub use spectrum::{Spectrum, spectrum};
pub use triangle::Triangle;
pub use whitening::{Whitening, whitening};

/// A factorisation that did not succeed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum LinalgError {
    /// The iteration for singular values did not converge.
    #[error("the singular values of a {size} × {size} matrix did not converge")]
    NoConvergence { size: usize },
}

/// Keeps faer's factorisations on one thread: its parallel ones round differently for each number of threads.
fn sequential() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| faer::set_global_parallelism(Par::Seq));
}

fn faer_view<'a, T>(a: &'a ArrayView2<'_, T>) -> MatRef<'a, T> {
    let strides = a.strides();
    // SAFETY: pointer, shape and strides describe the live view `a`.
    unsafe { MatRef::from_raw_parts(a.as_ptr(), a.nrows(), a.ncols(), strides[0], strides[1]) }
}

fn faer_view_mut<'a, T>(out: &'a mut ArrayViewMut2<'_, T>) -> MatMut<'a, T> {
    let (rows, columns) = out.dim();
    let strides = [out.strides()[0], out.strides()[1]];
    // SAFETY: pointer, shape and strides describe the exclusively borrowed view `out`.
    unsafe { MatMut::from_raw_parts_mut(out.as_mut_ptr(), rows, columns, strides[0], strides[1]) }
}
