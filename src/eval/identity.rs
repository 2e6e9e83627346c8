//! What tells one network's rows from another's.

use crate::numeric::checksum::{Checksum, Hasher};
use crate::rows::ArrayKind;

/// The checksum of what tells a run from others, as [`Plan::identity`](super::Plan::identity) makes it, from those of arrays of id/test.
#[must_use]
pub fn identity<'a>(arrays: impl IntoIterator<Item = (&'a ArrayKind, Checksum)>) -> Checksum {
    let mut all = Hasher::new();
    for (kind, checksum) in arrays {
        all.bytes(kind.file_stem().as_bytes());
        all.checksum(checksum);
    }
    all.finish()
}
