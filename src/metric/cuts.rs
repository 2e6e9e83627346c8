//! Where scores are cut into parts.

use super::bytes::{BytesError, Kind, Numbers, opened, sealed, write_numbers};
use super::sample::{SampleError, finite};
use crate::numeric::sort::key;

/// Values at which scores are cut into parts, in ascending order: a part holds what is at least its own cut and below the next. Equal scores, 0 and −0 among
/// them, are never cut apart, so the rankings of parts, [joined](super::Ranking::joined), are the ranking of all.
///
/// ```
/// use oodbench::metric::Cuts;
/// let cuts = Cuts::at(&[0.5, -1.0])?;
/// assert_eq!((cuts.parts(), [-2.0, -1.0, 0.4, 0.5, 7.0].map(|score| cuts.part_of(score))), (3, [0, 1, 1, 2, 2]));
/// // No score is below or above NaN.
/// assert!(Cuts::at(&[0.5, f64::NAN]).is_err());
/// # Ok::<(), oodbench::metric::SampleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts(Vec<u64>);

const KIND: Kind = Kind { name: "cuts", magic: b"oodcuts1" };

/// Bits that order as scores do, the same for 0 and −0, which are ties.
pub(super) fn key_of(score: f64) -> u64 {
    key(score + 0.0)
}

impl Cuts {
    /// Cuts at these values, in any order; without one all scores are one part.
    ///
    /// # Errors
    /// [`SampleError::NotFinite`] for a NaN or infinite one.
    pub fn at(values: &[f64]) -> Result<Self, SampleError> {
        if !values.is_empty() {
            finite(values)?;
        }
        let mut keys: Vec<u64> = values.iter().copied().map(key_of).collect();
        keys.sort_unstable();
        keys.dedup();
        Ok(Self(keys))
    }

    /// Cuts at these keys, which ascend.
    pub(super) fn at_keys(keys: Vec<u64>) -> Self {
        Self(keys)
    }

    /// How many parts there are: one more than cuts.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.0.len() + 1
    }

    /// The part of a score, from 0 for the lowest.
    #[must_use]
    pub fn part_of(&self, score: f64) -> usize {
        let key = key_of(score);
        self.0.partition_point(|cut| *cut <= key)
    }

    /// What [`Cuts::from_bytes`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        sealed(KIND, size_of_val(&self.0[..]), |bytes| write_numbers(bytes, self.0.iter().copied()))
    }

    /// Reads what [`Cuts::to_bytes`] made.
    ///
    /// # Errors
    /// [`BytesError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        let mut numbers = Numbers(opened(KIND, bytes)?);
        let mut keys = Vec::new();
        while let Some(key) = numbers.next() {
            keys.push(key);
        }
        if !numbers.0.is_empty() || !keys.is_sorted_by(|a, b| a < b) {
            return Err(BytesError::damaged(KIND));
        }
        Ok(Self(keys))
    }
}
