//! Checksums that tell arrays apart: XXH3, 128 bits. They find mistakes, not forgery.

use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// A checksum, in text 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Checksum(u128);

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Checksum {
    /// A seed for what is to be drawn anew whenever the numbers change, and the same whenever they are the same.
    #[must_use]
    pub fn seed(self) -> u64 {
        self.0 as u64
    }

    /// Its bytes, the lowest first.
    #[must_use]
    pub fn to_le_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }
}

impl From<Checksum> for String {
    fn from(checksum: Checksum) -> Self {
        checksum.to_string()
    }
}

impl TryFrom<String> for Checksum {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(Self)
    }
}

/// What a checksum is made with, piece by piece.
///
/// ```
/// use oodbench::numeric::checksum::Hasher;
/// let mut hasher = Hasher::new();
/// // By Python's xxhash 4.1.0 (xxHash 0.8.4): xxh3_128(b"") and xxh3_128(bytes(range(256)) * 8).
/// assert_eq!(hasher.finish().to_string(), "99aa06d3014798d86001c324468d497f");
/// (0..2048).for_each(|byte| hasher.bytes(&[byte as u8]));
/// assert_eq!(hasher.finish().to_string(), "df73e0768dd183fadd420471ff96bd00");
/// ```
#[derive(Default)]
pub struct Hasher(Box<Xxh3>);

/// Values that are turned into bytes at once.
const PIECE: usize = 4096;

impl Hasher {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes; where one call ends and the next begins makes no difference.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes a whole number.
    pub fn number(&mut self, number: usize) {
        self.bytes(&(number as u64).to_le_bytes());
    }

    /// Takes another checksum.
    pub fn checksum(&mut self, checksum: Checksum) {
        self.bytes(&checksum.to_le_bytes());
    }

    /// Takes values in their order, little-endian, so that every machine finds the same.
    pub fn singles(&mut self, values: &[f32]) {
        self.pieces(values, f32::to_le_bytes);
    }

    /// As [`Hasher::singles`].
    pub fn doubles(&mut self, values: &[f64]) {
        self.pieces(values, f64::to_le_bytes);
    }

    fn pieces<T: Copy, const N: usize>(&mut self, values: &[T], to_bytes: impl Fn(T) -> [u8; N]) {
        let mut bytes = Vec::with_capacity(N * PIECE.min(values.len()));
        for piece in values.chunks(PIECE) {
            bytes.clear();
            piece.iter().for_each(|value| bytes.extend_from_slice(&to_bytes(*value)));
            self.bytes(&bytes);
        }
    }

    /// The checksum of all that was taken.
    #[must_use]
    pub fn finish(&self) -> Checksum {
        Checksum(self.0.digest128())
    }
}
