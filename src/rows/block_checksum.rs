//! The checksum of a matrix, block by block.

use super::matrix::{Matrix, Rows};
use crate::numeric::checksum::{Checksum, Hasher};

/// Elements whose checksum is made at once; fixed, because it is part of the result.
pub(super) const BLOCK_ELEMENTS: usize = 1 << 18;

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
