//! Members of a ZIP archive in a map: where a stored one lies, with its checksum made once, and how a deflated one is read.

use std::io::Cursor;
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::entry::printable;
use crate::dump::error::DumpError;

/// An archive whose bytes are in memory or mapped.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    bytes: &'a [u8],
}

/// Where the content of a member is.
pub(super) enum Content {
    /// As it is, in these bytes of the archive; its checksum is right.
    Stored(Range<usize>),
    /// Deflated from so many bytes to so many, if the archive's directory is right.
    Deflated {
        /// Bytes in the archive.
        stored: usize,
        /// Bytes once inflated.
        size: u64,
    },
}

impl<'a> Archive<'a> {
    /// Reads the directory of an archive.
    pub(super) fn new(path: &Path, bytes: &'a [u8]) -> Result<Self, DumpError> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(path, &error))?;
        Ok(Self { zip, bytes })
    }

    /// Number of members.
    pub(super) fn len(&self) -> usize {
        self.zip.len()
    }

    /// The members' names, in the order of the directory.
    pub(super) fn names(&self, path: &Path) -> Result<Vec<String>, DumpError> {
        let name = |name: zip::result::ZipResult<std::borrow::Cow<'_, str>>| {
            name.map(std::borrow::Cow::into_owned).map_err(|error| damaged(path, &error))
        };
        self.zip.file_names().map(name).collect()
    }

    /// Finds the content of a member.
    pub(super) fn find(&mut self, path: &Path, name: &str) -> Result<Content, DumpError> {
        let damaged = |error: &dyn std::fmt::Display| damaged(path, error);
        let entry = self.zip.by_name(name).map_err(|error| unreadable(path, &error))?;
        let position = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        match entry.compression() {
            CompressionMethod::Stored => {}
            CompressionMethod::Deflated => {
                let stored = position(entry.compressed_size()).min(self.bytes.len());
                return Ok(Content::Deflated { stored, size: entry.size() });
            }
            other => return Err(not_read(path, &other)),
        }
        let start = entry.data_start().unwrap_or(0);
        let range = position(start)..position(start.saturating_add(entry.compressed_size()));
        let bytes = self.bytes.get(range.clone()).ok_or_else(|| damaged(&"a member ends behind the file"))?;
        if checksum(bytes) != entry.crc32() {
            return Err(damaged(&"a member does not have its checksum"));
        }
        Ok(Content::Stored(range))
    }

    /// The content of a deflated member, whose checksum is compared at its end.
    pub(super) fn inflated(&mut self, path: &Path, name: &str) -> Result<impl std::io::Read, DumpError> {
        self.zip.by_name(name).map_err(|error| unreadable(path, &error))
    }
}

/// A member that the archive does not give: packed by another method or encrypted, else damaged.
fn unreadable(path: &Path, error: &ZipError) -> DumpError {
    match error {
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => not_read(path, error),
        _ => damaged(path, error),
    }
}

fn not_read(path: &Path, how: &dyn std::fmt::Display) -> DumpError {
    let found = format!("a member packed in a way that is not read ({how})");
    DumpError::malformed(path, found, "a stored or deflated one", "save it with numpy.savez or numpy.savez_compressed")
}

pub(super) fn damaged(path: &Path, error: &dyn std::fmt::Display) -> DumpError {
    let reason = printable(&error.to_string());
    DumpError::malformed(path, format!("a damaged archive ({reason})"), "a whole ZIP archive", "write the file again")
}

/// Bytes whose checksum is made at once.
const CHUNK: usize = 1 << 20;

/// CRC-32 of some bytes, over all cores.
fn checksum(bytes: &[u8]) -> u32 {
    let of = |bytes: &[u8]| {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(bytes);
        hasher
    };
    if bytes.len() <= CHUNK {
        return of(bytes).finalize();
    }
    let join = |mut left: crc32fast::Hasher, right: crc32fast::Hasher| {
        left.combine(&right);
        left
    };
    bytes.par_chunks(CHUNK).map(of).reduce(crc32fast::Hasher::new, join).finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_parts_join() {
        let bytes: Vec<u8> = (0..2 * CHUNK + 12_345).map(|i| (i * i / 7) as u8).collect();
        assert_eq!(checksum(&bytes), crc32fast::hash(&bytes));
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }
}
