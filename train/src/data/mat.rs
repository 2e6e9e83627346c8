//! Numeric arrays of a MATLAB v5 to v7 file (`.mat`), as much of the format as image sets use.
//!
//! ```text
//! header     116 bytes of text, 8 unused, version u16 = 0x0100, "IM" (little-endian) or "MI" (big-endian)
//! elements   tag (type u32, length u32), data padded to 8 bytes; a length of at most 4 may share one u32 with its type:
//!            (length << 16 | type), and the data fill the other four bytes
//! ```
//! A variable is an element of type miMATRIX holding elements: array flags, dimensions, name, values (column-major); or one
//! of type miCOMPRESSED holding such an element as a zlib stream. Values may be stored in a narrower type than the array's
//! class. Only real numeric arrays are read; other variables are passed over. Big-endian and version 7.3 (HDF5) files are
//! refused.
//!
//! The published crates were looked at and left: one prints from within the library, the other unwraps what it reads.
//!
//! Source: MathWorks, "MAT-File Format", level 5.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::ZlibDecoder;

/// A variable of the file.
#[derive(Debug, PartialEq)]
pub(super) struct MatArray {
    pub(super) name: String,
    /// Lengths; the first varies fastest.
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
}

/// Elements as stored.
#[derive(Debug, PartialEq)]
pub(super) enum Values {
    Bytes(Vec<u8>),
    Numbers(Vec<f64>),
}

/// What is wrong: (found, expected).
pub(super) type Defect = (String, &'static str);

const HEADER: usize = 128;
const MI_MATRIX: u32 = 14;
const MI_COMPRESSED: u32 = 15;
/// Array classes mxDOUBLE to mxUINT64.
const NUMERIC_CLASSES: std::ops::RangeInclusive<u8> = 6..=15;
const COMPLEX: u8 = 0x08;

/// The real numeric arrays of a file.
pub(super) fn arrays(file: &[u8]) -> Result<Vec<MatArray>, Defect> {
    let expected = "a little-endian MATLAB file of version 5 to 7";
    if file.starts_with(b"MATLAB 7.3") || file.starts_with(b"\x89HDF") {
        return Err(("a MATLAB file of version 7.3 (HDF5)".into(), expected));
    }
    if file.len() < HEADER || file[124..HEADER] != *b"\x00\x01IM" {
        return Err(("another kind of file".into(), expected));
    }
    let mut arrays = Vec::new();
    let mut rest = &file[HEADER..];
    while !rest.is_empty() {
        let element;
        (element, rest) = next(rest)?;
        let content = match element.kind {
            MI_COMPRESSED => {
                // Compressed variables are not padded.
                rest = &element.from[8 + element.data.len()..];
                Cow::Owned(inflate(element.data)?)
            }
            _ => Cow::Borrowed(element.from),
        };
        let (variable, _) = next(&content)?;
        if variable.kind == MI_MATRIX {
            arrays.extend(array(variable.data)?);
        }
    }
    Ok(arrays)
}

fn inflate(stream: &[u8]) -> Result<Vec<u8>, Defect> {
    let mut content = Vec::new();
    match ZlibDecoder::new(stream).read_to_end(&mut content) {
        Ok(_) => Ok(content),
        Err(cause) => Err((
            format!("a variable damaged behind byte {} of its content ({cause})", content.len()),
            "a whole zlib stream",
        )),
    }
}

struct Element<'a> {
    kind: u32,
    data: &'a [u8],
    /// From the element's tag on.
    from: &'a [u8],
}

/// The element at the beginning of `bytes`, and what follows its padding.
fn next(bytes: &[u8]) -> Result<(Element<'_>, &[u8]), Defect> {
    let truncated = |found: usize| (format!("an element cut off after {found} bytes"), "whole elements");
    let word = |at: usize| {
        let word = bytes.get(at..at + 4).and_then(|word| <[u8; 4]>::try_from(word).ok());
        word.map(u32::from_le_bytes).ok_or_else(|| truncated(bytes.len()))
    };
    let first = word(0)?;
    if first >> 16 != 0 {
        let length = (first >> 16) as usize;
        let data = bytes.get(4..8).and_then(|data| data.get(..length)).ok_or_else(|| truncated(bytes.len()))?;
        return Ok((Element { kind: first & 0xffff, data, from: bytes }, &bytes[8..]));
    }
    let length = word(4)? as usize;
    let data = bytes[8..].get(..length).ok_or_else(|| truncated(bytes.len() - 8))?;
    // The last element's padding may be missing.
    let rest = bytes[8..].get(length.next_multiple_of(8)..).unwrap_or_default();
    Ok((Element { kind: first, data, from: bytes }, rest))
}

/// The array in the data of a miMATRIX element; none if it is not numeric.
fn array(matrix: &[u8]) -> Result<Option<MatArray>, Defect> {
    let (flags, rest) = next(matrix)?;
    let (dimensions, rest) = next(rest)?;
    let (name, rest) = next(rest)?;
    let [class, bits, ..] = *flags.data else {
        return Err(("a variable without flags".into(), "array flags"));
    };
    if !NUMERIC_CLASSES.contains(&class) || bits & COMPLEX != 0 {
        return Ok(None);
    }
    let (values, _) = next(rest)?;
    let name = String::from_utf8_lossy(name.data).into_owned();
    let (lengths, _) = dimensions.data.as_chunks::<4>();
    let shape: Vec<usize> = lengths.iter().map(|&length| u32::from_le_bytes(length) as usize).collect();
    let values = numbers(&values)?;
    let count = match &values {
        Values::Bytes(bytes) => bytes.len(),
        Values::Numbers(numbers) => numbers.len(),
    };
    let product = shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
    if product != Some(count) {
        return Err((format!("{count} values in variable `{name}` of shape {shape:?}"), "as many as its shape says"));
    }
    Ok(Some(MatArray { name, shape, values }))
}

fn numbers(values: &Element<'_>) -> Result<Values, Defect> {
    fn read<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Values {
        Values::Numbers(data.as_chunks().0.iter().map(|&bytes| number(bytes)).collect())
    }
    let data = values.data;
    Ok(match values.kind {
        1 => read(data, |bytes| f64::from(i8::from_le_bytes(bytes))),
        2 => Values::Bytes(data.to_vec()),
        3 => read(data, |bytes| f64::from(i16::from_le_bytes(bytes))),
        4 => read(data, |bytes| f64::from(u16::from_le_bytes(bytes))),
        5 => read(data, |bytes| f64::from(i32::from_le_bytes(bytes))),
        6 => read(data, |bytes| f64::from(u32::from_le_bytes(bytes))),
        7 => read(data, |bytes| f64::from(f32::from_le_bytes(bytes))),
        9 => read(data, f64::from_le_bytes),
        12 => read(data, |bytes| i64::from_le_bytes(bytes) as f64),
        13 => read(data, |bytes| u64::from_le_bytes(bytes) as f64),
        other => return Err((format!("values of type {other}"), "numbers")),
    })
}
