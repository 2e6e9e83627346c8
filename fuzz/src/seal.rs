//! Seals a changed file of fits or of a detector anew, so that a change gets past the checksum.

use std::str::from_utf8;

use oodbench::numeric::checksum::Hasher;
use safetensors::SafeTensors;

/// Digits of a checksum.
const DIGITS: usize = 32;

/// The file with the checksum that its description and arrays have now; as it is where nothing can be found in it to be sealed.
pub(crate) fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut own = bytes.to_vec();
    if let Some((at, checksum)) = checksum(bytes) {
        own[at..at + DIGITS].copy_from_slice(checksum.as_bytes());
    }
    own
}

/// Where the checksum stands, and what it should be.
fn checksum(bytes: &[u8]) -> Option<(usize, String)> {
    let (length, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    // `{"checksum":"…","NAME":DESCRIPTION}`, the only entry.
    let entry = metadata.metadata().as_ref()?.values().next()?;
    let (_, rest) = entry.split_once("\"checksum\":\"")?;
    let (old, rest) = rest.split_at_checked(DIGITS)?;
    let description = rest.strip_prefix("\",\"")?.split_once("\":")?.1.strip_suffix('}')?;
    let mut seal = Hasher::new();
    seal.bytes(description.as_bytes());
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    for name in metadata.offset_keys() {
        let tensor = tensors.tensor(&name).ok()?;
        seal.bytes(name.as_bytes());
        tensor.shape().iter().for_each(|axis| seal.number(*axis));
        seal.bytes(tensor.data());
    }
    let header = from_utf8(bytes.get(8..8 + length)?).ok()?;
    Some((8 + header.find(old)?, seal.finish().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds;

    #[test]
    fn a_seal_is_made_anew() {
        for file in [seeds::fits(), seeds::detector()] {
            assert_eq!(sealed(&file), file);
            let mut changed = file.clone();
            *changed.last_mut().unwrap() ^= 1;
            let again = sealed(&changed);
            assert_ne!(again, changed);
            *changed.last_mut().unwrap() ^= 1;
            assert_eq!(sealed(&changed), file);
        }
    }
}
