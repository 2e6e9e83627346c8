//! The checksum of a matrix, block by block.

use rayon::prelude::*;

use super::matrix::{Matrix, Rows};
use crate::numeric::checksum::{Checksum, Hasher};

/// Elements whose checksum is made at once; fixed, because it is part of the result.
pub(super) const BLOCK_ELEMENTS: usize = 1 << 18;

/// Looks at every block of a matrix, with its first row, over all cores; what is found comes in the order of the blocks. They are large enough to amortise,
/// small enough to stay in cache. `seen` is told of rows looked at, from any thread.
pub(super) fn over_blocks<T: Send>(
    matrix: &Matrix,
    seen: &(dyn Fn(usize) + Sync),
    look: impl Fn(&Rows, usize) -> T + Sync + Send,
) -> Vec<T> {
    let step = (BLOCK_ELEMENTS / matrix.columns()).max(1);
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

/// The checksum of a matrix from those of all its blocks, in their order.
pub(super) fn of_blocks(matrix: &Matrix, blocks: &[Checksum]) -> Checksum {
    let mut hasher = Hasher::new();
    [matrix.rows(), matrix.columns()].into_iter().for_each(|number| hasher.number(number));
    blocks.iter().for_each(|block| hasher.checksum(*block));
    hasher.finish()
}
