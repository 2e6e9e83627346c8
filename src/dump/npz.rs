//! Arrays inside `.npz` archives.
//!
//! A stored member is read where it stands in the mapped archive. A deflated one is inflated to an unnamed temporary
//! file and mapped there, so that memory stays bounded whatever its size.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use zip::{CompressionMethod, ZipArchive};

use super::error::DumpError;
use super::npy::{from_map, map_file};
use crate::rows::array::StoredArray;
use crate::rows::mapped::Mapped;

/// The names of the arrays in an archive, without `.npy`, sorted.
///
/// # Errors
/// [`DumpError`] if the file is no archive.
pub fn members(path: &Path) -> Result<Vec<String>, DumpError> {
    let map = map_file(path)?;
    let archive = open_archive(path, &map)?;
    let mut names = Vec::with_capacity(archive.len());
    for name in archive.file_names() {
        let name = name.map_err(|error| damaged(path, &error))?;
        names.push(name.strip_suffix(".npy").unwrap_or(&name).to_owned());
    }
    names.sort();
    Ok(names)
}

/// Opens one array of an archive.
///
/// # Errors
/// [`DumpError`] if the archive or the array cannot be read.
pub fn open(path: &Path, member: &str) -> Result<StoredArray, DumpError> {
    let map = map_file(path)?;
    let shown = PathBuf::from(format!("{}[{member}]", path.display()));
    let damaged = |error: &dyn std::fmt::Display| damaged(&shown, error);
    let (method, range) = {
        let mut archive = open_archive(path, &map)?;
        let entry = archive.by_name(&format!("{member}.npy")).map_err(|error| damaged(&error))?;
        let start = entry.data_start().unwrap_or(0) as usize;
        (entry.compression(), start..start + entry.compressed_size() as usize)
    };
    if method == CompressionMethod::Stored {
        if range.end > map.len() {
            return Err(damaged(&"a member ends behind the file"));
        }
        return from_map(shown, map, range);
    }
    let mut inflated = tempfile::tempfile().map_err(|error| DumpError::io(std::env::temp_dir(), error))?;
    {
        let mut archive = open_archive(path, &map)?;
        let mut entry = archive.by_name(&format!("{member}.npy")).map_err(|error| damaged(&error))?;
        std::io::copy(&mut entry, &mut inflated).map_err(|error| damaged(&error))?;
    }
    let map = Mapped::unnamed(&inflated).map_err(|error| DumpError::io(std::env::temp_dir(), error))?;
    let length = map.len();
    from_map(shown, map, 0..length)
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> DumpError {
    DumpError::malformed(
        path,
        format!("a damaged archive ({error})"),
        "an archive written by numpy.savez",
        "write the file again",
    )
}

fn open_archive<'a>(path: &Path, map: &'a [u8]) -> Result<ZipArchive<Cursor<&'a [u8]>>, DumpError> {
    ZipArchive::new(Cursor::new(map)).map_err(|error| damaged(path, &error))
}
