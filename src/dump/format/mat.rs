//! Real numeric arrays of a MATLAB v5 to v7 file (`.mat`): a plain variable is left where it lies in the map, a compressed one is inflated into memory.
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

use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::ZlibDecoder;

use super::entry::{Format, has_ending, pick, printable};
use super::file;
use super::limit::Limit;
use crate::dump::error::DumpError;
use crate::rows::array::{Memory, StoredArray};
use crate::rows::element::{Dtype, Endian, Float};
use crate::rows::mapped::Mapped;

/// Variables of MATLAB.
pub struct Mat;

impl Format for Mat {
    fn ending(&self) -> &'static str {
        "mat"
    }

    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        has_ending(path, self.ending()) || head.starts_with(b"MATLAB ")
    }

    fn members(&self, path: &Path) -> Result<Option<Vec<String>>, DumpError> {
        let map = file::map(path)?;
        let mut names: Vec<String> = variables(path, map.bytes())?.into_iter().map(|(name, _)| name).collect();
        names.sort();
        Ok(Some(names))
    }

    fn open(&self, path: &Path, member: Option<&str>) -> Result<StoredArray, DumpError> {
        let map = Arc::new(file::map(path)?);
        let place = pick(path, variables(path, map.bytes())?, member, "variables")?;
        read(path, &map, &place, &mut 0)
    }
}

/// What is wrong: (found, expected).
type Defect = (String, &'static str);

const HEADER: usize = 128;
const MI_MATRIX: u32 = 14;
const MI_COMPRESSED: u32 = 15;
/// Array classes mxDOUBLE to mxUINT64.
const NUMERIC_CLASSES: std::ops::RangeInclusive<u8> = 6..=15;
const COMPLEX: u8 = 0x08;

/// The real numeric arrays of a file, by name, in the order they stand in; the first axis varies fastest.
///
/// # Errors
/// [`DumpError`] if the file cannot be read, is not a MAT file, or a variable is damaged or larger once inflated than its tag says.
pub fn arrays(path: &Path) -> Result<Vec<(String, StoredArray)>, DumpError> {
    let map = Arc::new(file::map(path)?);
    let mut unpacked = 0;
    let mut arrays = Vec::new();
    for (name, place) in variables(path, map.bytes())? {
        arrays.push((name, read(path, &map, &place, &mut unpacked)?));
    }
    Ok(arrays)
}

/// Where a variable is in a file.
enum Place {
    /// An element as it is, from this byte on.
    Plain(usize),
    /// The zlib stream of one.
    Compressed(Range<usize>),
}

/// Bytes of a variable that hold its flags, dimensions and name: 64 dimensions and a name of 63 letters are less.
const BEGINNING: u64 = 512;

fn wrong(path: &Path) -> impl Fn(Defect) -> DumpError + use<'_> {
    move |(found, expected)| DumpError::malformed(path, found, expected, "copy or write the file again")
}

/// The real numeric variables of a file, by name, in the order they stand in. Of compressed ones no more is inflated than it takes.
fn variables(path: &Path, file: &[u8]) -> Result<Vec<(String, Place)>, DumpError> {
    let wrong = wrong(path);
    let expected = "a little-endian MATLAB file of version 5 to 7";
    if file.starts_with(b"MATLAB 7.3") || file.starts_with(b"\x89HDF") {
        return Err(wrong(("a MATLAB file of version 7.3 (HDF5)".into(), expected)));
    }
    if file.len() < HEADER || file[124..HEADER] != *b"\x00\x01IM" {
        return Err(wrong(("another kind of file".into(), expected)));
    }
    let mut variables = Vec::new();
    let mut rest = &file[HEADER..];
    while !rest.is_empty() {
        let start = file.len() - rest.len();
        let element;
        (element, rest) = next(rest).map_err(&wrong)?;
        let (name, place) = if element.kind == MI_COMPRESSED {
            // Compressed variables are not padded. A small element of this kind, which no writer makes, ends within them.
            rest = element.from.get(8 + element.data.len()..).unwrap_or_default();
            let at = element.data.as_ptr() as usize - file.as_ptr() as usize;
            let mut beginning = Vec::new();
            ZlibDecoder::new(element.data)
                .take(BEGINNING)
                .read_to_end(&mut beginning)
                .map_err(|error| damaged(path, &error))?;
            (name_of(&beginning).map_err(&wrong)?, Place::Compressed(at..at + element.data.len()))
        } else {
            (name_of(element.from).map_err(&wrong)?, Place::Plain(start))
        };
        variables.extend(name.map(|name| (name, place)));
    }
    Ok(variables)
}

/// The name of the variable that begins here; none if it is not numeric.
fn name_of(element: &[u8]) -> Result<Option<String>, Defect> {
    let Some((tag, matrix)) = element.split_at_checked(8) else {
        return Err((format!("an element cut off after {} bytes", element.len()), "whole elements"));
    };
    if tag[..4] != MI_MATRIX.to_le_bytes() {
        return Ok(None);
    }
    Ok(header(matrix)?.map(|(header, _)| header.name))
}

/// Reads the values of a variable; `unpacked` is how much the file has become before.
fn read(path: &Path, map: &Arc<Mapped>, place: &Place, unpacked: &mut u64) -> Result<StoredArray, DumpError> {
    let wrong = wrong(path);
    let file = map.bytes();
    let (memory, start): (Arc<dyn Memory>, usize) = match place {
        Place::Plain(start) => (Arc::<Mapped>::clone(map), *start),
        Place::Compressed(stream) => (Arc::new(inflate(path, &file[stream.clone()], unpacked, file.len())?), 0),
    };
    let (element, _) = next(&memory.bytes()[start..]).map_err(&wrong)?;
    let Variable { name, shape, dtype, values } = variable_of(element.data).map_err(&wrong)?;
    let at = values.as_ptr() as usize - memory.bytes().as_ptr() as usize;
    let shown = PathBuf::from(format!("{}[{name}]", path.display()));
    let array = StoredArray::new(shown, dtype, shape, Arc::clone(&memory), at);
    let array = array.ok_or_else(|| wrong((format!("a variable {name} that ends behind the file"), "all of it")))?;
    Ok(array.in_fortran_order(true))
}

fn damaged(path: &Path, error: &std::io::Error) -> DumpError {
    let found = format!("a variable damaged at its beginning ({error})");
    DumpError::malformed(path, found, "a whole zlib stream", "copy or write the file again")
}

/// Inflates a variable to the length of its own tag; `unpacked` is how much the file has become before.
fn inflate(path: &Path, stream: &[u8], unpacked: &mut u64, stored: usize) -> Result<Vec<u8>, DumpError> {
    let mut decoder = ZlibDecoder::new(stream);
    let limit = Limit::in_memory(stored);
    let mut tag = Vec::new();
    (&mut decoder).take(8).read_to_end(&mut tag).map_err(|error| damaged(path, &error))?;
    let length =
        tag.get(4..8).map_or(0, |length| u64::from(u32::from_le_bytes([length[0], length[1], length[2], length[3]])));
    *unpacked += 8 + length;
    limit.admit(path, *unpacked)?;
    limit.read_exactly(path, &mut (&tag[..]).chain(decoder), tag.len() as u64 + length)
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

struct Variable<'a> {
    name: String,
    shape: Vec<usize>,
    dtype: Dtype,
    values: &'a [u8],
}

/// What stands before the values.
struct Header {
    name: String,
    shape: Vec<usize>,
}

/// The header in the data of a miMATRIX element, of which the values may be missing, and what follows it; none if it is not numeric.
fn header(matrix: &[u8]) -> Result<Option<(Header, &[u8])>, Defect> {
    let (flags, rest) = next(matrix)?;
    let (dimensions, rest) = next(rest)?;
    let (name, rest) = next(rest)?;
    let [class, bits, ..] = *flags.data else {
        return Err(("a variable without flags".into(), "array flags"));
    };
    if !NUMERIC_CLASSES.contains(&class) || bits & COMPLEX != 0 {
        return Ok(None);
    }
    let name = printable(&String::from_utf8_lossy(&name.data[..name.data.len().min(256)]));
    let (lengths, _) = dimensions.data.as_chunks::<4>();
    if lengths.len() > 64 {
        return Err((format!("{} dimensions of variable `{name}`", lengths.len()), "at most 64"));
    }
    let shape: Vec<usize> = lengths.iter().map(|&length| u32::from_le_bytes(length) as usize).collect();
    Ok(Some((Header { name, shape }, rest)))
}

/// The array in the data of a miMATRIX element that is numeric.
fn variable_of(matrix: &[u8]) -> Result<Variable<'_>, Defect> {
    let Some((Header { name, shape }, rest)) = header(matrix)? else {
        return Err(("a variable that is not numeric".into(), "numbers"));
    };
    let (values, _) = next(rest)?;
    let dtype = dtype(values.kind).ok_or_else(|| (format!("values of type {}", values.kind), "numbers"))?;
    let count = values.data.len() / dtype.size().unwrap_or(1);
    let product = shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
    if product != Some(count) {
        return Err((format!("{count} values in variable `{name}` of shape {shape:?}"), "as many as its shape says"));
    }
    Ok(Variable { name, shape, dtype, values: values.data })
}

fn dtype(kind: u32) -> Option<Dtype> {
    let little = Endian::Little;
    Some(match kind {
        1 => Dtype::Signed(1, little),
        2 => Dtype::Unsigned(1, little),
        3 => Dtype::Signed(2, little),
        4 => Dtype::Unsigned(2, little),
        5 => Dtype::Signed(4, little),
        6 => Dtype::Unsigned(4, little),
        7 => Dtype::Float(Float::F32, little),
        9 => Dtype::Float(Float::F64, little),
        12 => Dtype::Signed(8, little),
        13 => Dtype::Unsigned(8, little),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn element(kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = [&kind.to_le_bytes()[..], &(data.len() as u32).to_le_bytes(), data].concat();
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    /// A compressed variable of one column of doubles.
    fn column(name: &str, values: &[f64]) -> Vec<u8> {
        let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let dimensions = [&((values.len() / 8) as u32).to_le_bytes()[..], &1_u32.to_le_bytes()].concat();
        let parts = [
            element(6, &[6, 0, 0, 0, 0, 0, 0, 0]),
            element(5, &dimensions),
            element(1, name.as_bytes()),
            element(9, &values),
        ];
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&element(MI_MATRIX, &parts.concat())).unwrap();
        let packed = encoder.finish().unwrap();
        [&MI_COMPRESSED.to_le_bytes()[..], &(packed.len() as u32).to_le_bytes(), &packed].concat()
    }

    /// The values of one variable are damaged: names come from the beginnings, and the other one is read all the same.
    #[test]
    fn only_the_variable_that_is_wanted_is_inflated() {
        let values: Vec<f64> = (0..20_000).map(f64::from).collect();
        let mut first = column("a", &values);
        let end = first.len();
        first[end - 2000..end - 1000].fill(0xff);
        let mut header = b"MATLAB 5.0".to_vec();
        header.resize(124, b' ');
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mat");
        std::fs::write(&path, [&header[..], b"\x00\x01IM", &first, &column("b", &[1.0, 2.5])].concat()).unwrap();
        assert_eq!(Mat.members(&path).unwrap().unwrap(), ["a", "b"]);
        assert_eq!(Mat.open(&path, Some("b")).unwrap().numbers().collect::<Vec<_>>(), [1.0, 2.5]);
        assert!(Mat.open(&path, Some("a")).is_err());
        let other = Mat.open(&path, Some("c")).unwrap_err().to_string();
        assert!(other.contains("found variables a, b, expected one named c"), "{other}");
    }
}
