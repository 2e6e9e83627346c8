//! The checksum of a matrix, block by block: machines that hold some of its rows each make those of their blocks.
//!
//! ```
//! use oodbench::rows::block_checksum::{blocks, joined, rows_per_block};
//! use oodbench::rows::{ArrayKind, Matrix, Role, Split};
//! use ndarray::{Array2, s};
//!
//! let rows = Array2::from_shape_fn((300_000, 2), |(i, j)| (i + j) as f32);
//! // Where rows are cut, a block has to end.
//! let cut = rows_per_block(2);
//! let first = blocks(&Matrix::of("first", rows.slice(s![..cut, ..]).to_owned())?);
//! let rest = blocks(&Matrix::of("rest", rows.slice(s![cut.., ..]).to_owned())?);
//! let whole = Split::new(Role::Test, "all").with(ArrayKind::Logits, Matrix::of("all", rows)?)?;
//! assert_eq!(whole.checksum(&ArrayKind::Logits), Some(joined(300_000, 2, &[first, rest].concat())));
//! # Ok::<(), oodbench::rows::RowsError>(())
//! ```

use rayon::prelude::*;

use super::matrix::{Matrix, Rows};
use crate::numeric::checksum::{Checksum, Hasher};

/// Elements whose checksum is made at once; fixed, because it is part of the result.
pub(super) const BLOCK_ELEMENTS: usize = 1 << 18;

/// Rows of a block of a matrix of so many columns.
///
/// # Panics
/// If there are no columns.
#[must_use]
pub fn rows_per_block(columns: usize) -> usize {
    (BLOCK_ELEMENTS / columns).max(1)
}

/// The checksums of all blocks of a matrix, in their order.
#[must_use]
pub fn blocks(matrix: &Matrix) -> Vec<Checksum> {
    over_blocks(matrix, &|_| {}, |rows, _| of_block(rows))
}

/// The checksum of a matrix of so many rows and columns from those of all its blocks, in their order.
#[must_use]
pub fn joined(rows: usize, columns: usize, blocks: &[Checksum]) -> Checksum {
    let mut hasher = Hasher::new();
    [rows, columns].into_iter().for_each(|number| hasher.number(number));
    blocks.iter().for_each(|block| hasher.checksum(*block));
    hasher.finish()
}

/// Looks at every block of a matrix, with its first row, over all cores; what is found comes in the order of the blocks. They are large enough to amortise,
/// small enough to stay in cache. `seen` is told of rows looked at, from any thread.
pub(super) fn over_blocks<T: Send>(
    matrix: &Matrix,
    seen: &(dyn Fn(usize) + Sync),
    look: impl Fn(&Rows, usize) -> T + Sync + Send,
) -> Vec<T> {
    let step = rows_per_block(matrix.columns());
    let blocks = matrix.rows().div_ceil(step);
    let look_at = |block: usize| {
        let start = block * step;
        let range = start..matrix.rows().min(start + step);
        // This is mostly the first to touch the file.
        matrix.populate(range.clone());
        let rows = range.len();
        let found = look(&matrix.block(range), start);
        seen(rows);
        found
    };
    match blocks {
        // Few rows are looked at sooner than another thread is asked.
        0 | 1 => (0..blocks).map(look_at).collect(),
        _ => (0..blocks).into_par_iter().map(look_at).collect(),
    }
}

/// The checksum of one block.
pub(super) fn of_block(rows: &Rows) -> Checksum {
    let mut hasher = Hasher::new();
    match rows {
        Rows::F32(rows) => hasher.singles(rows.view().as_slice().unwrap_or_default()),
        Rows::F64(rows) => hasher.doubles(rows.view().as_slice().unwrap_or_default()),
    }
    hasher.finish()
}
