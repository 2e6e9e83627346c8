//! Whole files into memory, with gzip undone where it is there.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::error::{DataError, FETCH_AGAIN};

/// The bytes of a file.
pub(super) fn bytes(file: &Path) -> Result<Vec<u8>, DataError> {
    fs::read(file).map_err(|cause| DataError::Read { file: file.to_owned(), cause })
}

/// The bytes of a file, decompressed if they begin as gzip does: the name's ending is not trusted, since browsers and
/// tools unpack `.gz` files on the way and keep the name.
pub(super) fn bytes_or_gzip(file: &Path) -> Result<Vec<u8>, DataError> {
    gunzip_if_gzip(file, bytes(file)?)
}

/// Undoes gzip where `raw`, the content of `file`, begins with gzip's magic number.
pub(super) fn gunzip_if_gzip(file: &Path, raw: Vec<u8>) -> Result<Vec<u8>, DataError> {
    if !raw.starts_with(&[0x1f, 0x8b]) {
        return Ok(raw);
    }
    let mut content = Vec::new();
    match MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut content) {
        Ok(_) => Ok(content),
        Err(cause) => Err(DataError::content(
            file,
            format!("gzip data damaged behind byte {} of the content ({cause})", content.len()),
            "a whole gzip stream",
            FETCH_AGAIN,
        )),
    }
}
