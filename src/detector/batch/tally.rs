//! How often each p-value occurs: calibration p-values are few distinct numbers, whatever the size of the batch.

use std::collections::BTreeMap;

/// P-values with their counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By the bits of the p-value: those of positive numbers are in their order.
    counts: BTreeMap<u64, usize>,
    total: usize,
}

impl Tally {
    /// Of some p-values, each above 0 and at most 1.
    #[must_use]
    pub fn of(p_values: &[f64]) -> Self {
        let mut tally = Self::default();
        p_values.iter().for_each(|&p| tally.add(p));
        tally
    }

    /// So many of `p`, and as many of 1 as make `total`.
    pub(super) fn lowest(p: f64, count: usize, total: usize) -> Self {
        let mut tally = Self { counts: BTreeMap::from([(p.to_bits(), count)]), total };
        *tally.counts.entry(1.0_f64.to_bits()).or_default() += total - count;
        tally
    }

    /// One more.
    pub fn add(&mut self, p: f64) {
        *self.counts.entry(p.to_bits()).or_default() += 1;
        self.total += 1;
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many are at most `p`.
    #[must_use]
    pub fn up_to(&self, p: f64) -> usize {
        self.counts.range(..=p.to_bits()).map(|(_, count)| count).sum()
    }

    /// Each distinct p-value from the smallest, with how many are at most that.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, usize)> {
        self.counts.iter().scan(0, |sum, (bits, count)| {
            *sum += count;
            Some((f64::from_bits(*bits), *sum))
        })
    }
}
