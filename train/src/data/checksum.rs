//! md5 sums of files, the only sums the image sets' publishers give.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use md5::{Digest as _, Md5};

use super::error::{DataError, FETCH_AGAIN};
use super::read;

/// md5 sums of a file as it lies on disk and of what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Of the file's bytes.
    pub file: String,
    /// Of the decompressed bytes, if the file is gzip; else equal to `file`.
    pub contents: String,
}

/// md5 sums of a file, in lower-case hexadecimal.
///
/// # Errors
/// [`DataError`] if the file cannot be read, or begins as gzip and is damaged.
pub fn sums(file: &Path) -> Result<Sums, DataError> {
    let raw = read::bytes(file)?;
    let whole = md5_of(&raw);
    if !read::is_gzip(&raw) {
        return Ok(Sums { contents: whole.clone(), file: whole });
    }
    let mut contents = Md5::new();
    let mut stream = read::content(&raw);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(Sums { file: whole, contents: hex(&contents.finalize()) }),
            Ok(length) => contents.update(&buffer[..length]),
            Err(cause) => {
                let found = format!("damaged gzip data ({cause})");
                return Err(DataError::content(file, found, "a whole gzip stream", FETCH_AGAIN));
            }
        }
    }
}

/// md5 sum of some bytes, in lower-case hexadecimal.
///
/// # Example
/// ```
/// // RFC 1321, appendix A.5.
/// assert_eq!(oodbench_train::data::checksum::md5_of(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
/// ```
#[must_use]
pub fn md5_of(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
