//! Cliques: the largest groups of treatments, in the order of their ranks, of which no two differ significantly.
//!
//! A treatment may be in several. Whether two differ is taken to depend on how far apart their ranks are, as it does in the tests of Nemenyi and of Conover:
//! then the cliques of the graph of pairs that do not differ are intervals of the order.

use std::ops::Range;

/// The cliques of `count` treatments, given in the order of their ranks, with two members or more; `differ` says of two places of the order whether the
/// treatments there differ.
///
/// ```
/// use oodbench::stats::cliques::cliques;
/// // Those that are no further apart than 0.9 do not differ: here each from its neighbours alone.
/// let ranks = [1.0, 1.5, 2.4, 3.2_f64];
/// let found = cliques(4, |a, b| (ranks[a] - ranks[b]).abs() > 0.9);
/// assert_eq!(found, [0..2, 1..3, 2..4]);
/// assert!(cliques(2, |_, _| true).is_empty());
/// ```
#[must_use]
pub fn cliques(count: usize, differ: impl Fn(usize, usize) -> bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for first in 0..count {
        let end = (first + 1..count).find(|&other| differ(first, other)).unwrap_or(count);
        // One that ends no further than the last lies within it.
        if end > first + 1 && found.last().is_none_or(|last| last.end < end) {
            found.push(first..end);
        }
    }
    found
}
