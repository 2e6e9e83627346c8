//! Parts of models, as tests write them.

use crate::outputs::push_bytes;

/// A field with contents.
pub(super) fn field(number: u64, contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_bytes(&mut out, number, contents);
    out
}

/// What a graph says of its input `x`, floats (n, 4), and of its output `y`.
pub(super) fn fed_by_rows_of_four() -> Vec<u8> {
    let axes = [field(1, &field(2, b"n")), field(1, &[8, 4])].concat();
    let of_type = field(2, &field(1, &[vec![8, 1], field(2, &axes)].concat()));
    [field(11, &[field(1, b"x"), of_type].concat()), field(12, &field(1, b"y"))].concat()
}
