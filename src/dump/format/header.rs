//! The header of an `.npy` array, read in one pass without recursion: a made-up header costs no more than its length.
//!
//! ```text
//! "\x93NUMPY"  major minor  length (u16 in version 1, u32 in 2 and 3, little-endian)  text of that length
//! text:  {'descr': '<f4', 'fortran_order': False, 'shape': (40, 10), }   spaces, newline
//! ```
//! Of Python's literals this is all that NumPy writes for a plain array, and all that is read: no nested brackets, no escapes.
//!
//! Source: `numpy.lib.format`, NEP 1.

use super::entry::printable;
use crate::rows::element::Dtype;

/// What an array's header says, consistent in itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    /// Element type, one that has a size.
    pub dtype: Dtype,
    /// Whether columns are contiguous.
    pub fortran: bool,
    /// Lengths of the axes; their product with the element's size is [`data`](Self::data).
    pub shape: Vec<usize>,
    /// Bytes of the header, magic number included: where the elements begin.
    pub length: usize,
    /// Bytes of the elements.
    pub data: usize,
}

/// What is wrong with a header.
#[derive(Debug, PartialEq, Eq)]
pub struct Defect {
    /// What is there.
    pub found: String,
    /// What should be there.
    pub expected: &'static str,
    /// What the user can do.
    pub remedy: &'static str,
}

impl Defect {
    fn new(found: impl Into<String>) -> Self {
        Self {
            found: format!("no .npy header ({})", found.into()),
            expected: "an array written by numpy.save",
            remedy: "write the file again",
        }
    }
}

/// The first bytes of every `.npy` file.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// Bytes from which the header's length can be told.
pub const PREFIX: usize = 12;
/// NumPy allows as many axes.
const MOST_AXES: usize = 64;

/// Where the text of a header begins and where it ends, from the first [`PREFIX`] bytes of a file (all, if it has fewer).
///
/// # Errors
/// [`Defect`] if these are not the beginning of an `.npy` file.
pub fn extent(bytes: &[u8]) -> Result<(usize, usize), Defect> {
    if bytes.is_empty() {
        return Err(Defect { found: "an empty file".to_owned(), ..Defect::new("") });
    }
    if !bytes.starts_with(MAGIC) {
        return Err(Defect::new("another magic number"));
    }
    let cut = || Defect::new("cut off");
    let (Some(&major), Some(&minor)) = (bytes.get(6), bytes.get(7)) else { return Err(cut()) };
    let (start, length) = match major {
        1 => (10, bytes.get(8..10).map(|b| usize::from(b[0]) | usize::from(b[1]) << 8)),
        2 | 3 => (12, bytes.get(8..12).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)),
        _ => return Err(Defect::new(format!("version {major}.{minor}"))),
    };
    let end = length.ok_or_else(cut)?.checked_add(start).ok_or_else(cut)?;
    Ok((start, end))
}

/// Reads the header at the beginning of some bytes.
///
/// # Errors
/// [`Defect`] if there is none, it is cut off, or it describes what cannot be read.
pub fn parse(bytes: &[u8]) -> Result<Header, Defect> {
    let (start, length) = extent(bytes)?;
    let text = bytes
        .get(start..length)
        .ok_or_else(|| Defect::new(format!("cut off: {} of {length} bytes are there", bytes.len())))?;
    let mut text = Text { rest: text };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    text.expect(b'{')?;
    while !text.accept(b'}') {
        let key = text.string()?;
        text.expect(b':')?;
        let fresh = match key {
            "descr" => descr.replace(text.descr()?).is_none(),
            "fortran_order" => fortran.replace(text.boolean()?).is_none(),
            "shape" => shape.replace(text.shape()?).is_none(),
            _ => return Err(Defect::new(format!("the key '{}'", printable(key)))),
        };
        if !fresh {
            return Err(Defect::new(format!("the key '{key}' twice")));
        }
        if !text.accept(b',') {
            text.expect(b'}')?;
            break;
        }
    }
    text.skip_space();
    if !text.rest.is_empty() {
        return Err(text.odd("the end of the header"));
    }
    let missing = |key: &str| Defect::new(format!("no '{key}'"));
    let descr = descr.ok_or_else(|| missing("descr"))?;
    let fortran = fortran.ok_or_else(|| missing("fortran_order"))?;
    let shape = shape.ok_or_else(|| missing("shape"))?;
    let dtype = Dtype::parse(descr);
    let size = dtype.size().ok_or_else(|| Defect {
        found: dtype.to_string(),
        expected: "real numbers (f16, bf16, f32, f64 or integers)",
        remedy: if descr.contains(['U', 'S']) {
            "save numbers; names of classes become labels by numpy.unique(names, return_inverse=True)[1], the same way in every split"
        } else {
            "save a plain numeric array, e.g. numpy.save(file, numpy.asarray(x, dtype=numpy.float32))"
        },
    })?;
    let data = bytes_of(&shape, size).ok_or_else(|| Defect::new("a shape of more bytes than there can be"))?;
    Ok(Header { dtype, fortran, shape, length, data })
}

/// The bytes of an array. An axis of length 0 does not excuse others that are beyond all memory, because rows and columns are counted one by one.
fn bytes_of(shape: &[usize], size: usize) -> Option<usize> {
    let most = shape.iter().try_fold(size, |bytes, &axis| bytes.checked_mul(axis.max(1)))?;
    let bytes = if shape.contains(&0) { 0 } else { most };
    (most <= isize::MAX as usize).then_some(bytes)
}

struct Text<'a> {
    rest: &'a [u8],
}

impl<'a> Text<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn accept(&mut self, wanted: u8) -> bool {
        self.skip_space();
        let found = self.rest.first() == Some(&wanted);
        self.rest = &self.rest[usize::from(found)..];
        found
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Defect> {
        if self.accept(wanted) { Ok(()) } else { Err(self.odd(&format!("'{}'", wanted as char))) }
    }

    fn odd(&self, expected: &str) -> Defect {
        let found = printable(&String::from_utf8_lossy(&self.rest[..self.rest.len().min(20)]));
        Defect::new(format!("{} in place of {expected}", if found.is_empty() { "the end" } else { &found }))
    }

    /// A quoted string of printable ASCII.
    fn string(&mut self) -> Result<&'a str, Defect> {
        self.skip_space();
        let quote =
            *self.rest.first().filter(|quote| matches!(quote, b'\'' | b'"')).ok_or_else(|| self.odd("a string"))?;
        let inside = &self.rest[1..];
        let end = inside.iter().position(|&byte| byte == quote).ok_or_else(|| self.odd("a string"))?;
        let plain = |byte: &u8| (byte.is_ascii_graphic() || *byte == b' ') && *byte != b'\\';
        let text = str::from_utf8(&inside[..end]).ok().filter(|_| inside[..end].iter().all(plain));
        let text = text.ok_or_else(|| self.odd("a string of plain characters"))?;
        self.rest = &inside[end + 1..];
        Ok(text)
    }

    fn descr(&mut self) -> Result<&'a str, Defect> {
        self.skip_space();
        if matches!(self.rest.first(), Some(b'[' | b'(')) {
            return Err(Defect {
                found: "a structured dtype".to_owned(),
                expected: "one number per element",
                remedy: "save the field that holds the values, e.g. numpy.save(file, x['logits'])",
            });
        }
        self.string()
    }

    fn boolean(&mut self) -> Result<bool, Defect> {
        self.skip_space();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.odd("True or False"))
    }

    /// `()`, `(5,)`, `(5, 10)`; Python 2 wrote `5L`.
    fn shape(&mut self) -> Result<Vec<usize>, Defect> {
        let mut shape = Vec::new();
        self.expect(b'(')?;
        while !self.accept(b')') {
            shape.push(self.number()?);
            if shape.len() > MOST_AXES {
                return Err(Defect::new(format!("more than {MOST_AXES} axes")));
            }
            if !self.accept(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(shape)
    }

    fn number(&mut self) -> Result<usize, Defect> {
        self.skip_space();
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = str::from_utf8(&self.rest[..digits]).ok().and_then(|digits| digits.parse().ok());
        let number = number.ok_or_else(|| self.odd("a length"))?;
        self.rest = &self.rest[digits..];
        self.accept(b'L');
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, version: u8) -> Vec<u8> {
        let length = text.len() as u32;
        let mut bytes = MAGIC.to_vec();
        bytes.extend([version, 0]);
        bytes.extend(&length.to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
        bytes.extend(text.as_bytes());
        bytes
    }

    fn message(text: &str) -> String {
        parse(&with(text, 1)).unwrap_err().found
    }

    #[test]
    fn what_numpy_writes() {
        for version in 1..=3 {
            let header = parse(&with("{'descr': '<f4', 'fortran_order': False, 'shape': (40, 10), }   \n", version));
            let header = header.unwrap();
            assert_eq!((header.shape, header.data, header.fortran), (vec![40, 10], 1600, false));
        }
        let header = parse(&with("{\"shape\":(3L,),'fortran_order':True,'descr':'>i8'}", 1)).unwrap();
        assert_eq!((header.shape, header.data, header.fortran), (vec![3], 24, true));
        assert_eq!(parse(&with("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", 1)).unwrap().data, 1);
    }

    #[test]
    fn odd_headers_are_refused_in_a_few_words() {
        let rest = "'fortran_order': False, 'shape': (4, 4), }";
        assert_eq!(message(&format!("{{'descr': [[[['<f4']]]], {rest}")), "a structured dtype");
        assert!(message(&format!("{{'descr': '<f4\\x1b[2J', {rest}")).contains("in place of a string of plain"));
        assert!(message(&format!("{{'descr': '<f4', 'descr': '<f8', {rest}")).contains("'descr' twice"));
        assert!(message(&format!("{{'descr': '<f4', 'order': 1, {rest}")).contains("the key 'order'"));
        assert!(message("{'descr': '<f4', 'fortran_order': False, 'shape': (4, (4, 4)), }").contains("a length"));
        assert!(message("{'descr': '<f4', 'fortran_order': False, 'shape': (4, -1), }").contains("a length"));
        assert!(
            message("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), } x").contains("x in place of the end")
        );
        assert!(message("{'descr': '<f4', 'shape': (4, 4), }").contains("no 'fortran_order'"));
        assert!(message("").contains("the end in place of '{'"));
        assert_eq!(message("{'descr': '<c8', 'fortran_order': False, 'shape': (4, 4), }"), "dtype <c8");
        assert!(parse(&with("{", 4)).unwrap_err().found.contains("version 4.0"));
        let mut long = with("{", 2);
        long[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(parse(&long).unwrap_err().found.contains("cut off: 13 of 4294967307 bytes"));
    }

    #[test]
    fn no_shape_overflows() {
        let shape =
            |shape: &str| parse(&with(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}"), 1));
        assert_eq!(shape("(0, 5)").unwrap().data, 0);
        let most = i64::MAX;
        for too_large in [
            format!("(0, {most})"),
            format!("({most}, 0)"),
            format!("({most}, 2)"),
            "(18446744073709551616,)".to_owned(),
        ] {
            assert!(shape(&too_large).is_err(), "{too_large}");
        }
        assert!(shape(&format!("({})", "1,".repeat(65))).is_err());
    }
}
