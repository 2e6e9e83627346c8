//! How many scores have which digit.

use std::collections::BTreeMap;

/// Counts by digit, which end at `u64::MAX` in place of beginning anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DigitCounts {
    /// One of every digit: the fastest.
    Dense(Vec<u64>),
    /// Those of the digits that occur, of so many.
    Sparse { counts: BTreeMap<usize, u64>, digits: usize },
}

impl DigitCounts {
    /// Nothing counted of so many digits, a count for each of which is kept.
    pub(super) fn dense(digits: usize) -> Self {
        Self::Dense(vec![0; digits])
    }

    /// Nothing counted of so many digits, of which those that occur are kept.
    pub(super) fn sparse(digits: usize) -> Self {
        Self::Sparse { counts: BTreeMap::new(), digits }
    }

    /// How many digits there are.
    pub(super) fn digits(&self) -> usize {
        match self {
            Self::Dense(counts) => counts.len(),
            Self::Sparse { digits, .. } => *digits,
        }
    }

    /// Counts so many more of a digit, which is below [`DigitCounts::digits`].
    pub(super) fn add(&mut self, digit: usize, more: u64) {
        match self {
            Self::Dense(counts) => counts[digit] = counts[digit].saturating_add(more),
            Self::Sparse { counts, .. } if more > 0 => {
                let count = counts.entry(digit).or_default();
                *count = count.saturating_add(more);
            }
            Self::Sparse { .. } => {}
        }
    }

    /// The digits that occur, upwards, with their counts.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u64)> {
        let (dense, sparse) = match self {
            Self::Dense(counts) => (Some(counts.iter().copied().enumerate()), None),
            Self::Sparse { counts, .. } => (None, Some(counts.iter().map(|(digit, count)| (*digit, *count)))),
        };
        dense.into_iter().flatten().filter(|(_, count)| *count > 0).chain(sparse.into_iter().flatten())
    }

    /// How many counts are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        match self {
            Self::Dense(counts) => counts.len(),
            Self::Sparse { counts, .. } => counts.len(),
        }
    }
}
