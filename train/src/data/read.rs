//! Files into memory, with gzip undone where it is there, within the library's [`limit`](oodbench::dump::format::limit).

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use oodbench::dump::format::{file, limit::Limit};
use oodbench::error::FileError;

use super::error::{DataError, FETCH_AGAIN};

/// The bytes of a file.
pub(super) fn bytes(file: &Path) -> Result<Vec<u8>, DataError> {
    let mut content = Vec::new();
    let mut opened = file::open_regular(file)?;
    let length = opened.metadata().map_or(0, |metadata| metadata.len());
    content.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX)).map_err(|_| {
        DataError::content(
            file,
            format!("{length} bytes"),
            "no more than the memory holds",
            "use a machine with more memory",
        )
    })?;
    opened.read_to_end(&mut content).map_err(FileError::reading(file))?;
    Ok(content)
}

/// Whether some bytes begin as gzip does: the name's ending is not trusted, since browsers and tools unpack `.gz` files on the way and keep the name.
pub(super) fn is_gzip(raw: &[u8]) -> bool {
    raw.starts_with(&[0x1f, 0x8b])
}

/// What the bytes of a file hold, decompressed if they are gzip, piece by piece.
pub(super) fn content<'a>(raw: &'a [u8]) -> Box<dyn Read + 'a> {
    if is_gzip(raw) { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) }
}

/// The bytes of a file, decompressed if they are gzip.
pub(super) fn bytes_or_gzip(file: &Path) -> Result<Vec<u8>, DataError> {
    let raw = bytes(file)?;
    if !is_gzip(&raw) {
        return Ok(raw);
    }
    Ok(Limit::in_memory(raw.len()).read_to_end(file, &mut content(&raw))?)
}

/// The first bytes of what a file holds, fewer if there are fewer.
pub(super) fn head(file: &Path, content: &mut dyn Read, length: usize) -> Result<Vec<u8>, DataError> {
    let mut head = Vec::with_capacity(length);
    content.take(length as u64).read_to_end(&mut head).map_err(|cause| {
        DataError::content(
            file,
            format!("gzip data damaged at its beginning ({cause})"),
            "a whole gzip stream",
            FETCH_AGAIN,
        )
    })?;
    Ok(head)
}
