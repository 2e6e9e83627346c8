//! Whether the metadata at the end of a Parquet file can be what it claims to be, before polars makes room for it.
//!
//! The metadata is one struct of Thrift's compact protocol. Its lists say how many elements follow, and polars-parquet 0.55 makes room for as many at once:
//! two gigabytes of elements for a file of six kilobytes. An element takes a byte or more, so no list is longer than what is left of the metadata.

/// Structs and lists within each other that are followed; Parquet's metadata has about ten.
const DEPTH: usize = 32;

/// Whether the metadata of a file is a struct that ends within it, with no list longer than what is left of it.
pub(super) fn is_sound(file: &[u8]) -> bool {
    let metadata = || {
        let (rest, _) = file.split_last_chunk::<4>()?;
        let (rest, length) = rest.split_last_chunk::<4>()?;
        let start = rest.len().checked_sub(u32::from_le_bytes(*length) as usize)?;
        Walk { rest: &rest[start..] }.structure(DEPTH)
    };
    metadata().is_some()
}

/// The bytes that the page at the beginning of a column claims to be once unpacked: the second field of its header, a whole number behind its kind.
pub(super) fn unpacked_size(column: &[u8]) -> Option<usize> {
    let mut walk = Walk { rest: column };
    let mut last = 0;
    for _ in 0..2 {
        // One field on, a number of 32 bits.
        if walk.byte()? != 0x15 {
            return None;
        }
        last = walk.varint()?;
    }
    // Every second number is negative.
    (last % 2 == 0).then(|| usize::try_from(last / 2).ok())?
}

/// What is left of the metadata. Every step is none where nothing is left to take it.
struct Walk<'b> {
    rest: &'b [u8],
}

impl Walk<'_> {
    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A number of elements or bytes that there is room for.
    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok().filter(|length| *length <= self.rest.len())
    }

    fn structure(&mut self, depth: usize) -> Option<()> {
        loop {
            let header = self.byte()?;
            if header == 0 {
                return Some(());
            }
            // The number of the field is told as a step from the one before, or in full after the header.
            if header >> 4 == 0 {
                self.varint()?;
            }
            match header & 0x0f {
                // A flag is its type.
                1 | 2 => (),
                kind => self.value(kind, depth)?,
            }
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip(8),
            8 => self.length().and_then(|length| self.skip(length)),
            9 | 10 => {
                let header = self.byte()?;
                let length = match header >> 4 {
                    15 => self.length()?,
                    short => usize::from(short),
                };
                (0..length).try_for_each(|_| self.value(header & 0x0f, depth))
            }
            11 => {
                let length = self.length()?;
                if length == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..length).try_for_each(|_| {
                    self.value(kinds >> 4, depth)?;
                    self.value(kinds & 0x0f, depth)
                })
            }
            12 => self.structure(depth),
            13 => self.skip(16),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_sound, unpacked_size};

    fn file(metadata: &[u8]) -> Vec<u8> {
        [b"PAR1", metadata, &(metadata.len() as u32).to_le_bytes(), b"PAR1"].concat()
    }

    /// Field 1 an i32 of 2, field 2 a list of two i32, the end.
    #[test]
    fn a_list_ends_within_the_metadata() {
        assert!(is_sound(&file(&[0x15, 4, 0x19, 0x25, 2, 4, 0])));
        // The same list of three, of which the last is the end of the struct, which then has none.
        assert!(!is_sound(&file(&[0x15, 4, 0x19, 0x35, 2, 4, 0])));
        // 2²⁷ − 1 elements.
        assert!(!is_sound(&file(&[0x19, 0xf5, 0xff, 0xff, 0xff, 0x3f, 2, 4, 0])));
    }

    #[test]
    fn sizes_of_pages() {
        assert_eq!(unpacked_size(&[0x15, 4, 0x15, 0x90, 1, 0x15, 0x60]), Some(72));
        assert_eq!(unpacked_size(&[0x15, 4, 0x15, 3]), None);
        assert_eq!(unpacked_size(&[0x15, 4]), None);
    }

    #[test]
    fn what_is_cut_or_nested_without_end_is_not_sound() {
        assert!(!is_sound(b""));
        assert!(!is_sound(b"PAR1"));
        assert!(!is_sound(&file(&[])));
        assert!(!is_sound(&file(&[0x18, 5, b'a', b'b', 0])));
        // Structs in structs, lists in lists.
        assert!(!is_sound(&file(&[0x1c; 200])));
        assert!(!is_sound(&file(&[0x19; 200])));
        let beyond = [&b"PAR1"[..], &u32::MAX.to_le_bytes(), b"PAR1"].concat();
        assert!(!is_sound(&beyond));
    }
}
