//! Arrays inside `.npz` archives.
//!
//! A stored member is read where it stands in the mapped archive, after its checksum has been made once, over all cores. A deflated one is inflated to an
//! unnamed temporary file and mapped there, so that memory stays bounded whatever its size; no more comes out than its own header promises.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::archive::{Archive, Content, damaged};
use super::entry::{Format, has_ending, only, printable};
use super::file;
use super::header;
use super::limit::{self, Limit};
use super::npy::{self, from_map};
use crate::dump::error::DumpError;
use crate::rows::array::{Memory, StoredArray};
use crate::rows::mapped::Mapped;

/// Named arrays of `numpy.savez`.
pub struct Npz;

impl Format for Npz {
    fn ending(&self) -> &'static str {
        "npz"
    }

    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        has_ending(path, self.ending()) || head.starts_with(b"PK\x03\x04")
    }

    fn members(&self, path: &Path) -> Result<Option<Vec<String>>, DumpError> {
        members(path).map(Some)
    }

    fn open(&self, path: &Path, member: Option<&str>) -> Result<StoredArray, DumpError> {
        match member {
            Some(member) => open(path, member),
            None => open(path, only(path, &members(path)?)?),
        }
    }
}

/// Each array is looked up in the archive's directory anew, so their number is bounded.
const MOST_MEMBERS: usize = 1024;

/// The names of the arrays in an archive, without `.npy`, sorted; members of other names are no arrays.
///
/// # Errors
/// [`DumpError`] if the file is no archive.
pub fn members(path: &Path) -> Result<Vec<String>, DumpError> {
    let map = file::map(path)?;
    let archive = Archive::new(path, map.bytes())?;
    if archive.len() > MOST_MEMBERS {
        return Err(DumpError::malformed(
            path,
            format!("{} arrays", archive.len()),
            format!("at most {MOST_MEMBERS}"),
            "save the arrays of one split per archive",
        ));
    }
    let names = archive.names(path)?.into_iter();
    let mut names: Vec<String> = names.filter_map(|name| name.strip_suffix(".npy").map(str::to_owned)).collect();
    names.sort();
    Ok(names)
}

/// Opens one array of an archive.
///
/// # Errors
/// [`DumpError`] if the archive or the array cannot be read, or the array's bytes do not have the archive's checksum.
pub fn open(path: &Path, member: &str) -> Result<StoredArray, DumpError> {
    let map = file::map(path)?;
    let shown = PathBuf::from(format!("{}[{}]", path.display(), printable(member)));
    let name = format!("{member}.npy");
    let range = {
        let mut archive = Archive::new(path, map.bytes())?;
        match archive.find(&shown, &name)? {
            Content::Stored(range) => range,
            Content::Deflated { stored, .. } => {
                return inflate(&shown, &mut archive.inflated(&shown, &name)?, stored);
            }
        }
    };
    from_map(shown, map, range)
}

/// Inflates a member to an unnamed file, no further than its header says.
fn inflate(shown: &Path, entry: &mut dyn Read, stored: usize) -> Result<StoredArray, DumpError> {
    let damaged = |error: &std::io::Error| damaged(shown, error);
    let mut head = Vec::new();
    entry.take(header::PREFIX as u64).read_to_end(&mut head).map_err(|error| damaged(&error))?;
    let (_, length) = header::extent(&head).map_err(|defect| npy::refusal(shown, defect))?;
    let limit = Limit::in_memory(stored);
    let rest = limit.admit(shown, length as u64)?.saturating_sub(head.len());
    entry.take(rest as u64).read_to_end(&mut head).map_err(|error| damaged(&error))?;
    let header = header::parse(&head).map_err(|defect| npy::refusal(shown, defect))?;
    let whole = header.length.saturating_add(header.data);
    Limit::on_disk(stored).admit(shown, whole as u64)?;

    let room = |reason| DumpError::temporary(shown, whole, reason);
    let mut inflated = tempfile::tempfile().map_err(room)?;
    inflated.write_all(&head).map_err(room)?;
    let mut left = whole.saturating_sub(head.len());
    let mut buffer = vec![0; 1 << 16];
    while left > 0 {
        let part = left.min(buffer.len());
        let read = entry.read(&mut buffer[..part]).map_err(|error| damaged(&error))?;
        if read == 0 {
            npy::check_length(shown, &header, header.data - left)?;
        }
        inflated.write_all(&buffer[..read]).map_err(room)?;
        left -= read;
    }
    limit::end(shown, entry, whole)?;
    let map = Mapped::unnamed(&inflated).map_err(room)?;
    let length = map.len();
    from_map(shown.to_owned(), map, 0..length)
}
