//! How many scores have which digits: what cuts are made of that hold about as many scores each.

use std::collections::BTreeMap;

use super::bytes::{BytesError, Kind, Numbers, opened, sealed, write_numbers};
use super::cuts::{Cuts, key_of};
use super::digit_counts::DigitCounts;
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
    counts: DigitCounts,
    /// The nodes of digits that are looked at more closely.
    closer: BTreeMap<usize, usize>,
}

const KIND: Kind = Kind { name: "counts of keys", magic: b"oodkeys1" };

/// Bits of the first digit, and of every other one.
const FIRST: u32 = 16;
const NEXT: u32 = 12;

/// Bits of a key behind the first digit.
const TOP: u32 = u64::BITS - FIRST;

/// Counts of other digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "found counts that were refined in other places, expected those of one call of `refined`; count all scores with the same"
)]
pub struct OtherDigits;

impl Node {
    fn new(prefix: u64, shift: u32) -> Self {
        // Every score looks at the first digit; of the others there may be many, with few scores each.
        let counts = if shift == TOP { DigitCounts::dense(1 << FIRST) } else { DigitCounts::sparse(1 << NEXT) };
        Self { prefix, shift, counts, closer: BTreeMap::new() }
    }

    fn digit(&self, key: u64) -> usize {
        (key >> self.shift) as usize & (self.counts.digits() - 1)
    }

    /// The lowest key of a digit.
    fn start(&self, digit: usize) -> u64 {
        self.prefix | (digit as u64) << self.shift
    }
}

/// Prefix and shift of the node that this one refines, if it refines one.
fn above(prefix: u64, shift: u32) -> Option<(u64, u32)> {
    match shift.checked_add(NEXT)? {
        TOP => Some((0, TOP)),
        above if above < TOP => Some((prefix & (u64::MAX << (above + NEXT)), above)),
        _ => None,
    }
}

impl Default for KeyCounts {
    fn default() -> Self {
        Self { nodes: vec![Node::new(0, TOP)] }
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
                node.counts.add(digit, 1);
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
            other.counts.iter().for_each(|(digit, count)| own.counts.add(digit, count));
        }
        Ok(())
    }

    /// How many scores were counted; `u64::MAX` where there are more, which holds of every count.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.nodes[0].counts.iter().map(|(_, count)| count).fold(0, u64::saturating_add)
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
            let heavy = node.counts.iter().filter(|(_, count)| *count > most).map(|(digit, _)| digit);
            for digit in heavy.filter(|digit| !node.closer.contains_key(digit)) {
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
        let empty = |node: &Node| Node { closer: node.closer.clone(), ..Node::new(node.prefix, node.shift) };
        Self { nodes: self.nodes.iter().map(empty).collect() }
    }

    /// Cuts into parts of at most `most` scores, but for digits that more of them have in common.
    #[must_use]
    pub fn cuts(&self, most: u64) -> Cuts {
        let (mut cuts, mut inside) = (Vec::new(), 0_u64);
        for (start, count) in self.leaves() {
            if inside > 0 && inside.saturating_add(count) > most {
                cuts.push(start);
                inside = 0;
            }
            inside = inside.saturating_add(count);
        }
        Cuts::at_keys(cuts)
    }

    /// The digits that scores have, by the lowest key of each, with how many; in ascending order.
    fn leaves(&self) -> Vec<(u64, u64)> {
        let mut leaves = Vec::new();
        for node in &self.nodes {
            let counted = node.counts.iter().filter(|(digit, _)| !node.closer.contains_key(digit));
            leaves.extend(counted.map(|(digit, count)| (node.start(digit), count)));
        }
        leaves.sort_unstable();
        leaves
    }

    /// What [`KeyCounts::from_bytes`] reads: 16 bytes for each digit that occurs.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut numbers = Vec::new();
        for node in &self.nodes {
            numbers.extend([node.prefix, u64::from(node.shift), node.counts.iter().count() as u64]);
            numbers.extend(node.counts.iter().flat_map(|(digit, count)| [digit as u64, count]));
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
        // There may be many nodes: the one that a node refines is looked up.
        let mut places = BTreeMap::new();
        while !numbers.0.is_empty() {
            let (prefix, shift) = (numbers.next()?, u32::try_from(numbers.next()?).ok()?);
            let new = counts.nodes.len();
            if new == 0 {
                counts.nodes = Self::new().nodes;
            } else {
                // The node that it refines stands before it.
                let refined: &mut Node = &mut counts.nodes[*places.get(&above(prefix, shift)?)?];
                let digit = refined.digit(prefix);
                (refined.start(digit) == prefix).then_some(())?;
                refined.closer.insert(digit, new).is_none().then_some(())?;
                counts.nodes.push(Node::new(prefix, shift));
            }
            let node = &mut counts.nodes[new];
            ((node.prefix, node.shift) == (prefix, shift)).then_some(())?;
            places.insert((prefix, shift), new);
            for _ in 0..numbers.next()? {
                let (digit, count) = (usize::try_from(numbers.next()?).ok()?, numbers.next()?);
                (digit < node.counts.digits()).then_some(())?;
                node.counts.add(digit, count);
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
        assert_eq!(counts.total(), 4002);
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

    /// Bytes of many nodes, as anybody may send them: memory and time are in proportion to the bytes.
    #[test]
    fn many_refined_digits_take_little_memory_and_time() {
        let first = |i: u64| f64::from_bits((0x3000 + i) << TOP);
        let scores: Vec<f64> = (0..0x2000).map(first).collect();
        let mut counts = KeyCounts::new();
        counts.add(&scores).unwrap();
        let mut counts = counts.refined(0).unwrap();
        counts.add(&scores).unwrap();
        assert_eq!(counts.nodes.len(), 1 + scores.len());
        // Of 4,096 digits each has one.
        assert!(counts.nodes[1..].iter().all(|node| node.counts.kept() == 1));
        assert_eq!(KeyCounts::from_bytes(&counts.to_bytes()), Ok(counts));
    }

    #[test]
    fn counts_stop_at_the_largest_number() {
        let mut counts = KeyCounts::new();
        counts.add(&[0.5, 2.0]).unwrap();
        for _ in 0..64 {
            let again = counts.clone();
            counts.merge(&again).unwrap();
        }
        assert_eq!(counts.total(), u64::MAX);
        assert_eq!(counts.cuts(1).parts(), 2);
        assert_eq!(KeyCounts::from_bytes(&counts.to_bytes()), Ok(counts));
    }

    /// A node, and what it says to refine: whether it is read.
    fn is_read(nodes: &[[u64; 2]]) -> bool {
        let mut numbers = vec![0, u64::from(TOP), 0];
        nodes.iter().for_each(|[prefix, shift]| numbers.extend([*prefix, *shift, 0]));
        KeyCounts::from_bytes(&sealed(KIND, 0, |bytes| write_numbers(bytes, numbers))).is_ok()
    }

    #[test]
    fn nodes_that_refine_nothing_are_not_read() {
        let digit = 0xbff0 << TOP;
        assert!(is_read(&[[digit, 36], [digit | 5 << 36, 24], [digit | 5 << 36 | 7 << 24, 12]]));
        // Twice the same, one whose own bits are set, one without the node above it, one of another shift, and one of none.
        assert!(!is_read(&[[digit, 36], [digit, 36]]));
        assert!(!is_read(&[[digit | 1, 36]]));
        assert!(!is_read(&[[digit | 5 << 36, 24]]));
        assert!(!is_read(&[[digit, 30]]));
        assert!(!is_read(&[[digit, 48]]));
        assert!(!is_read(&[[digit, 60]]));
        assert!(!is_read(&[[digit, u64::from(u32::MAX)]]));
    }

    #[test]
    fn a_score_that_is_not_finite_is_refused_and_counts_nothing() {
        let mut counts = KeyCounts::new();
        assert_eq!(counts.add(&[1.0, f64::NAN]), Err(SampleError::NotFinite { row: 1 }));
        assert_eq!(counts.add(&[f64::INFINITY]), Err(SampleError::NotFinite { row: 0 }));
        assert_eq!(counts.total(), 0);
    }
}
