//! What a score does with the products of directions of features with training rows, told so that scores of the same rows can share them.

use crate::fit::Multiples;
use crate::fit::bank::{Bank, Nearness};
use crate::fit::sweep::{Base, Look};
use crate::rows::RowBlock;

/// A fitted score that compares the directions of features ([`RowBlock::unit_features`]) with training rows.
pub trait Search: Send + Sync {
    /// The training rows.
    fn bank(&self) -> &Bank;

    /// Which multiples of the rows of a base those of the bank are, if products with the base tell all that is asked of these. It is so of candidates, which the
    /// bank settles by itself.
    fn multiples_of(&self, base: Base<'_>) -> Option<Multiples> {
        self.bank().multiples_of(base)
    }

    /// What scores the rows of a block when it is shown the products of their directions with a base: with the rows themselves, or with those that the bank's are
    /// multiples of. `out` has one place per row.
    fn look<'a>(&'a self, block: &'a RowBlock<'_>, multiples: &'a Multiples, out: &'a mut [f64]) -> Box<dyn Look + 'a>;
}

/// What to choose a base by: all rows serve more scores than a part, plain ones more than multiples of them.
pub(super) fn rank(bank: &Bank) -> (usize, bool) {
    (bank.rows(), bank.nearness() == Nearness::Distance)
}
