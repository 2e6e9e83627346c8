//! What is sent from one machine to another: bytes of a kind under a checksum.

use crate::numeric::checksum::Hasher;

/// What the bytes are of.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// In messages.
    pub(super) name: &'static str,
    /// The first bytes; the last of them is the version.
    pub(super) magic: &'static [u8; 8],
}

/// Bytes that are not what they are read as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BytesError {
    /// They are of another kind or version, or too few.
    #[error("found {found} bytes of something else, expected those of {expected}, made by this version")]
    Kind {
        /// How many there are.
        found: usize,
        /// What was expected.
        expected: &'static str,
    },
    /// They were changed.
    #[error("found bytes that were changed or cut off, expected those of {expected}; make or send them again")]
    Damaged {
        /// What was expected.
        expected: &'static str,
    },
}

impl BytesError {
    pub(super) fn damaged(kind: Kind) -> Self {
        Self::Damaged { expected: kind.name }
    }
}

/// Bytes of the checksum at the end.
const SEAL: usize = 16;

/// The kind, the content, which `write` appends and which is about so long, and a checksum of both.
pub(super) fn sealed(kind: Kind, length: usize, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(kind.magic.len() + length + SEAL);
    bytes.extend_from_slice(kind.magic);
    write(&mut bytes);
    let seal = seal(&bytes);
    bytes.extend_from_slice(&seal);
    bytes
}

/// The content of what [`sealed`] made.
pub(super) fn opened(kind: Kind, bytes: &[u8]) -> Result<&[u8], BytesError> {
    let damaged = || BytesError::damaged(kind);
    if !bytes.starts_with(kind.magic) {
        return Err(BytesError::Kind { found: bytes.len(), expected: kind.name });
    }
    let (all, found) = bytes.split_at_checked(bytes.len().saturating_sub(SEAL)).ok_or_else(damaged)?;
    if all.len() < kind.magic.len() || seal(all) != found {
        return Err(damaged());
    }
    Ok(&all[kind.magic.len()..])
}

fn seal(bytes: &[u8]) -> [u8; SEAL] {
    let mut hasher = Hasher::new();
    hasher.bytes(bytes);
    hasher.finish().to_le_bytes()
}

/// Appends whole numbers.
pub(super) fn write_numbers(bytes: &mut Vec<u8>, numbers: impl IntoIterator<Item = u64>) {
    numbers.into_iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
}

/// Reads numbers one after the other; `None` at the end.
pub(super) struct Numbers<'a>(pub(super) &'a [u8]);

impl Numbers<'_> {
    /// The next whole number.
    pub(super) fn next(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    /// So many finite scores; never believes that there are as many.
    pub(super) fn scores(&mut self, count: u64) -> Option<Vec<f64>> {
        let length = usize::try_from(count).ok()?.checked_mul(size_of::<f64>())?;
        let (own, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        let (chunks, _) = own.as_chunks();
        let scores: Vec<f64> = chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect();
        scores.iter().all(|score| score.is_finite()).then_some(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind { name: "a test", magic: b"oodtest1" };

    #[test]
    fn other_cut_and_changed_bytes_are_refused() {
        let bytes = sealed(KIND, 3, |bytes| bytes.extend([1, 2, 3]));
        assert_eq!(opened(KIND, &bytes), Ok(&[1, 2, 3][..]));
        for length in 0..bytes.len() {
            assert!(opened(KIND, &bytes[..length]).is_err(), "{length}");
        }
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(opened(KIND, &other).is_err(), "{at}");
        }
    }
}
