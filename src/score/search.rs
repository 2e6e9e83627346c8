//! What a score does with the products of directions of features with training rows, told so that scores of the same rows can share them.

use ndarray::Array2;

use crate::fit::Multiples;
use crate::fit::bank::{Bank, Nearness};
use crate::fit::sweep::{Base, Look};
use crate::rows::RowBlock;

/// A fitted score that compares the directions of features ([`RowBlock::unit_features`]) with training rows.
pub trait Search: Send + Sync {
    /// The training rows.
    fn among(&self) -> Among<'_>;

    /// What scores the rows of a block when it is shown the products of their directions with a base: with the rows themselves, or with those that the bank's are
    /// multiples of. `out` has one place per row.
    fn look<'a>(&'a self, block: &'a RowBlock<'_>, multiples: &'a Multiples, out: &'a mut [f64]) -> Box<dyn Look + 'a>;
}

/// Training rows that products are asked of.
#[derive(Clone, Copy)]
pub enum Among<'a> {
    /// Those of a bank, whose search settles by itself what the products leave open.
    Bank(&'a Bank),
    /// These, with all the digits of `f64`.
    Rows(&'a Array2<f64>),
}

impl<'a> Among<'a> {
    /// What they are multiplied as.
    pub(super) fn base(self) -> Base<'a> {
        match self {
            Self::Bank(bank) => bank.base(),
            Self::Rows(rows) => Base::Double(rows),
        }
    }

    /// What to choose the base by: rows in `f64` serve all, all rows more than a part, plain rows more than multiples of them.
    pub(super) fn rank(self) -> (bool, usize, bool) {
        match self {
            Self::Rows(rows) => (true, rows.nrows(), true),
            Self::Bank(bank) => (false, bank.rows(), bank.nearness() == Nearness::Distance),
        }
    }

    /// Which multiples of the rows of a base these are, if products with those tell what is asked of these.
    pub(super) fn multiples_of(self, base: Base<'_>) -> Option<Multiples> {
        match (self, base) {
            (Self::Bank(bank), base) => bank.multiples_of(base),
            (Self::Rows(rows), Base::Double(base)) if std::ptr::eq(rows, base) || rows == base => {
                Some(Multiples::same(rows.nrows()))
            }
            (Self::Rows(_), _) => None,
        }
    }
}
