//! How many scores have which digits: what cuts are made of that hold about as many scores each.

use std::collections::BTreeMap;

use super::bytes::{BytesError, Kind, Numbers, opened, sealed, write_numbers};
use super::cuts::{Cuts, key_of};
use super::sample::{SampleError, finite};

/// Counts of the highest bits of scores, as they order. They add up, in any order and over any number of machines, and [`Cuts`] made of them are the same
/// however the rows were cut into shards.
///
/// The first count is of 16 bits: sign, exponent and 4 bits of the mantissa. Scores that crowd, as the largest probability does below 1, have these in common;
/// [`KeyCounts::refined`] then looks 12 bits further, in the crowded places only, at the price of one more pass over the scores.
///
/// ```
/// use oodbench::metric::KeyCounts;
/// let (mut one, mut other) = (KeyCounts::new(), KeyCounts::new());
/// one.add(&[0.1, 0.9, 4.0])?;
/// other.add(&[0.2, 8.0])?;
/// one.merge(&other)?;
/// // Parts of at most 2 scores: 0.1 and 0.2, then 0.9 and 4, then 8.
/// let cuts = one.cuts(2);
/// assert_eq!([0.1, 0.2, 0.9, 4.0, 8.0].map(|score| cuts.part_of(score)), [0, 0, 1, 1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCounts {
    /// The first looks at the highest bits; others stand behind the one that they refine.
    nodes: Vec<Node>,
}

/// Counts of the next digit of the keys that begin in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    /// What the keys have in common; the bits behind it are 0.
    prefix: u64,
    /// Bits of a key behind the digit.
    shift: u32,
    counts: Vec<u64>,
    /// The nodes of digits that are looked at more closely.
    closer: BTreeMap<usize, usize>,
}

const KIND: Kind = Kind { name: "counts of keys", magic: b"oodkeys1" };

/// Bits of the first digit, and of every other one.
const FIRST: u32 = 16;
const NEXT: u32 = 12;

/// Counts of other digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "found counts that were refined in other places, expected those of one call of `refined`; count all scores with the same"
)]
pub struct OtherDigits;

impl Node {
    fn new(prefix: u64, shift: u32) -> Self {
        let bits = if shift == u64::BITS - FIRST { FIRST } else { NEXT };
        Self { prefix, shift, counts: vec![0; 1 << bits], closer: BTreeMap::new() }
    }

    fn digit(&self, key: u64) -> usize {
        (key >> self.shift) as usize & (self.counts.len() - 1)
    }

    /// The lowest key of a digit.
    fn start(&self, digit: usize) -> u64 {
        self.prefix | (digit as u64) << self.shift
    }
}

impl Default for KeyCounts {
    fn default() -> Self {
        Self { nodes: vec![Node::new(0, u64::BITS - FIRST)] }
    }
}

impl KeyCounts {
    /// Nothing counted.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts scores.
    ///
    /// # Errors
    /// [`SampleError::NotFinite`] for a NaN or infinite one; then none is counted.
    pub fn add(&mut self, scores: &[f64]) -> Result<(), SampleError> {
        if scores.is_empty() {
            return Ok(());
        }
        finite(scores)?;
        for &score in scores {
            let key = key_of(score);
            let mut at = 0;
            loop {
                let node = &mut self.nodes[at];
                let digit = node.digit(key);
                node.counts[digit] += 1;
                match node.closer.get(&digit) {
                    Some(closer) => at = *closer,
                    None => break,
                }
            }
        }
        Ok(())
    }

    /// Adds the counts of other scores.
    ///
    /// # Errors
    /// [`OtherDigits`] if they were not refined as these; then nothing is added.
    pub fn merge(&mut self, other: &Self) -> Result<(), OtherDigits> {
        let places = |all: &Self| all.nodes.iter().map(|node| (node.prefix, node.shift)).collect::<Vec<_>>();
        if places(self) != places(other) {
            return Err(OtherDigits);
        }
        for (own, other) in self.nodes.iter_mut().zip(&other.nodes) {
            own.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
        }
        Ok(())
    }

    /// How many scores were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.nodes[0].counts.iter().sum()
    }

    /// How many scores the largest part of [`KeyCounts::cuts`] can have: `most`, or more where a digit has more.
    #[must_use]
    pub fn largest(&self, most: u64) -> u64 {
        self.leaves().into_iter().map(|(_, count)| count).fold(most, u64::max)
    }

    /// Nothing counted yet, with a closer look at the digits that more than `most` scores have; none if that is not needed, or if such scores are all equal.
    ///
    /// ```
    /// use oodbench::metric::KeyCounts;
    /// let crowded = [0.9999, 0.99991, 0.99992];
    /// let mut counts = KeyCounts::new();
    /// counts.add(&crowded)?;
    /// assert_eq!(counts.cuts(1).parts(), 1);
    /// while let Some(closer) = counts.refined(1) {
    ///     counts = closer;
    ///     counts.add(&crowded)?;
    /// }
    /// assert_eq!(counts.cuts(1).parts(), 3);
    /// # Ok::<(), oodbench::metric::SampleError>(())
    /// ```
    #[must_use]
    pub fn refined(&self, most: u64) -> Option<Self> {
        let mut closer = self.emptied();
        for at in 0..self.nodes.len() {
            let node = &self.nodes[at];
            let heavy = |digit: &usize| node.counts[*digit] > most && !node.closer.contains_key(digit);
            for digit in (0..node.counts.len()).filter(heavy) {
                if let Some(shift) = node.shift.checked_sub(NEXT) {
                    let new = closer.nodes.len();
                    closer.nodes.push(Node::new(node.start(digit), shift));
                    closer.nodes[at].closer.insert(digit, new);
                }
            }
        }
        (closer.nodes.len() > self.nodes.len()).then_some(closer)
    }

    /// Counts of the same digits with nothing counted: what a worker begins with.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let mut empty = self.clone();
        empty.nodes.iter_mut().for_each(|node| node.counts.fill(0));
        empty
    }

    /// Cuts into parts of at most `most` scores, but for digits that more of them have in common.
    #[must_use]
    pub fn cuts(&self, most: u64) -> Cuts {
        let (mut cuts, mut inside) = (Vec::new(), 0_u64);
        for (start, count) in self.leaves() {
            if inside > 0 && inside + count > most {
                cuts.push(start);
                inside = 0;
            }
            inside += count;
        }
        Cuts::at_keys(cuts)
    }

    /// The digits that scores have, by the lowest key of each, with how many; in ascending order.
    fn leaves(&self) -> Vec<(u64, u64)> {
        let mut leaves = Vec::new();
        for node in &self.nodes {
            let counted =
                node.counts.iter().enumerate().filter(|(digit, count)| **count > 0 && !node.closer.contains_key(digit));
            leaves.extend(counted.map(|(digit, count)| (node.start(digit), *count)));
        }
        leaves.sort_unstable();
        leaves
    }

    /// What [`KeyCounts::from_bytes`] reads: 16 bytes for each digit that occurs.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut numbers = Vec::new();
        for node in &self.nodes {
            let counted = || node.counts.iter().enumerate().filter(|(_, count)| **count > 0);
            numbers.extend([node.prefix, u64::from(node.shift), counted().count() as u64]);
            numbers.extend(counted().flat_map(|(digit, count)| [digit as u64, *count]));
        }
        sealed(KIND, size_of_val(&numbers[..]), |bytes| write_numbers(bytes, numbers.iter().copied()))
    }

    /// Reads what [`KeyCounts::to_bytes`] made.
    ///
    /// # Errors
    /// [`BytesError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        Self::read(Numbers(opened(KIND, bytes)?)).ok_or(BytesError::damaged(KIND))
    }

    fn read(mut numbers: Numbers<'_>) -> Option<Self> {
        let mut counts = Self { nodes: Vec::new() };
        while !numbers.0.is_empty() {
            let (prefix, shift) = (numbers.next()?, u32::try_from(numbers.next()?).ok()?);
            let new = counts.nodes.len();
            if new == 0 {
                counts.nodes = Self::new().nodes;
            } else {
                // The node that it refines stands before it.
                let above = counts.nodes.iter_mut().find(|node| {
                    Some(shift) == node.shift.checked_sub(NEXT) && node.start(node.digit(prefix)) == prefix
                })?;
                let digit = above.digit(prefix);
                above.closer.insert(digit, new).is_none().then_some(())?;
                counts.nodes.push(Node::new(prefix, shift));
            }
            let node = &mut counts.nodes[new];
            ((node.prefix, node.shift) == (prefix, shift)).then_some(())?;
            for _ in 0..numbers.next()? {
                let (digit, count) = (usize::try_from(numbers.next()?).ok()?, numbers.next()?);
                *node.counts.get_mut(digit)? = count;
            }
        }
        (!counts.nodes.is_empty()).then_some(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Crowded below 1, tied at 1, spread elsewhere.
    fn scores() -> Vec<f64> {
        let noise = |i: u32| (f64::from(i) * 0.618_033_988_749_894_9).fract();
        let crowded = (1..=3000).map(|i| 1.0 - noise(i) * 1e-12);
        crowded
            .chain((0..500).map(|_| 1.0))
            .chain((0..500).map(|i| noise(i) * 40.0 - 20.0))
            .chain([0.0, -0.0])
            .collect()
    }

    #[test]
    fn parts_are_no_larger_than_asked_for_unless_scores_are_equal() {
        let scores = scores();
        let mut counts = KeyCounts::new();
        counts.add(&scores).unwrap();
        let mut passes = 1;
        while let Some(mut closer) = counts.refined(100) {
            closer.add(&scores).unwrap();
            (counts, passes) = (closer, passes + 1);
        }
        assert!(passes <= 5, "{passes}");
        assert_eq!((counts.total(), counts.largest(100)), (4002, 500));
        let cuts = counts.cuts(100);
        let mut sizes = vec![0; cuts.parts()];
        scores.iter().for_each(|score| sizes[cuts.part_of(*score)] += 1);
        // All that are above 100 hold the one value that is tied.
        assert_eq!(sizes.iter().filter(|size| **size > 100).collect::<Vec<_>>(), [&500]);
        assert!(sizes.len() < 2 * 4002 / 100 + 2, "{}", sizes.len());
        assert_eq!(cuts.part_of(0.0), cuts.part_of(-0.0));
        assert_eq!(KeyCounts::from_bytes(&counts.to_bytes()), Ok(counts.clone()));
        assert_eq!(Cuts::from_bytes(&cuts.to_bytes()), Ok(cuts));
        assert_eq!(counts.merge(&KeyCounts::new()), Err(OtherDigits));
    }

    #[test]
    fn a_score_that_is_not_finite_is_refused_and_counts_nothing() {
        let mut counts = KeyCounts::new();
        assert_eq!(counts.add(&[1.0, f64::NAN]), Err(SampleError::NotFinite { row: 1 }));
        assert_eq!(counts.add(&[f64::INFINITY]), Err(SampleError::NotFinite { row: 0 }));
        assert_eq!(counts.total(), 0);
    }
}
