//! One PNG or JPEG file as an image: whole, and no larger than its file can hold.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};
use oodbench::dump::format::limit::Limit;
use oodbench::error::FileError;

use super::error::DataError;
use super::read;

/// Decodes a file.
///
/// # Errors
/// [`DataError`] if it cannot be read, is no image, is cut off, or its header promises more pixels than the [`Limit`] of its size.
pub(super) fn decode(file: &Path) -> Result<DynamicImage, DataError> {
    let bytes = read::bytes(file)?;
    let wrong = |found: String| DataError::content(file, found, "a PNG or JPEG image", "replace or remove it");
    let unreadable = |cause: image::ImageError| wrong(format!("no readable image ({})", one_line(&cause.to_string())));
    let limit = Limit::in_memory(bytes.len());
    let mut reader =
        ImageReader::new(Cursor::new(bytes.as_slice())).with_guessed_format().map_err(FileError::reading(file))?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(limit.bytes().max(LEAST));
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(unreadable)?;
    limit.admit(file, decoder.total_bytes())?;
    if bytes.starts_with(JPEG) && !is_whole_jpeg(&bytes) {
        return Err(wrong("no readable image (a JPEG file without its end)".to_owned()));
    }
    DynamicImage::from_decoder(decoder).map_err(unreadable)
}

/// What decoders need beside the image itself.
const LEAST: u64 = 16 << 20;
const JPEG: &[u8] = &[0xff, 0xd8];

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the marker of the end follows the last scan. The decoder fills what is missing with grey and says nothing.
///
/// ```text
/// ff d8  { ff MARKER length(2) data }...  a scan (MARKER da) is followed by coded data, in which ff is followed by 00 or d0 to d7  ...  ff d9
/// ```
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        // The next marker: 0xff, any number of times, and a byte that is no part of coded data.
        let Some(skip) = bytes.get(at..).and_then(|rest| rest.windows(2).position(is_marker)) else {
            return false;
        };
        at += skip + 2;
        let marker = bytes[at - 1];
        if marker == 0xd9 {
            return true;
        }
        let Some(length) = bytes.get(at..at + 2) else { return false };
        at += usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
}

fn is_marker(pair: &[u8]) -> bool {
    pair[0] == 0xff && !matches!(pair[1], 0x00 | 0x01 | 0xd0..=0xd8 | 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_jpeg() {
        let scan = b"\xff\xda\x00\x04..coded\xff\x00data\xff\xd3more";
        let whole = [&b"\xff\xd8\xff\xe1\x00\x06\xff\xd9.."[..], scan, b"\xff\xd9"].concat();
        assert!(is_whole_jpeg(&whole));
        assert!(is_whole_jpeg(&[&whole[..], b"a camera's notes"].concat()));
        for end in 0..whole.len() {
            assert!(!is_whole_jpeg(&whole[..end]), "{end}");
        }
    }
}
