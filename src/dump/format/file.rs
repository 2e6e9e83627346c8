//! Opening a file: one that has an end, mapped or read.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::dump::error::DumpError;
use crate::rows::mapped::Mapped;

/// Opens a file that has an end. A named pipe would block for ever, a device may never end.
///
/// # Errors
/// [`DumpError`] if the file does not exist, or is a folder, a pipe or a device.
pub fn open_regular(path: &Path) -> Result<File, DumpError> {
    let kind = std::fs::metadata(path).map_err(|error| DumpError::io(path, error))?.file_type();
    if !kind.is_file() {
        let found = if kind.is_dir() { "a folder" } else { "a pipe or device" };
        return Err(DumpError::malformed(path, found, "a regular file", "put a file of this name there"));
    }
    File::open(path).map_err(|error| DumpError::io(path, error))
}

/// Maps a file for reading.
///
/// # Errors
/// As [`open_regular`].
pub fn map(path: &Path) -> Result<Mapped, DumpError> {
    Mapped::file(path, &open_regular(path)?).map_err(|error| DumpError::io(path, error))
}

/// Reads a file whole.
///
/// # Errors
/// As [`open_regular`].
pub fn bytes(path: &Path) -> Result<Vec<u8>, DumpError> {
    let mut bytes = Vec::new();
    open_regular(path)?.read_to_end(&mut bytes).map_err(|error| DumpError::io(path, error))?;
    Ok(bytes)
}

/// The first bytes of a file, fewer if it is shorter; none if it is no regular file.
#[must_use]
pub fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::with_capacity(16);
    if let Ok(file) = open_regular(path) {
        let _ = file.take(16).read_to_end(&mut head);
    }
    head
}

/// A text file that a person wrote, whole.
///
/// # Errors
/// [`DumpError`] if it cannot be read, is longer than `most` bytes, or is not UTF-8.
pub fn text(path: &Path, most: u64) -> Result<String, DumpError> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(most + 1).read_to_end(&mut bytes).map_err(|error| DumpError::io(path, error))?;
    if bytes.len() as u64 > most {
        let found = format!("more than {most} bytes");
        return Err(DumpError::malformed(path, found, "a few lines of text", "write the file again"));
    }
    String::from_utf8(bytes)
        .map_err(|_| DumpError::malformed(path, "text that is not UTF-8", "UTF-8", "save the file as UTF-8"))
}
