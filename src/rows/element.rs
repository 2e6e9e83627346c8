//! Element types of `.npy` files.

use std::fmt;

use half::{bf16, f16};

/// Byte order of multi-byte elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// Floating point formats that logits and features come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Float {
    /// IEEE half precision.
    F16,
    /// bfloat16, as `ml_dtypes` stores it: a two-byte void type to plain NumPy.
    Bf16,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
}

impl Float {
    /// Bytes of one element.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Reads one element of [`size`](Self::size) bytes.
    #[inline]
    pub(super) fn decode(self, bytes: &[u8], endian: Endian) -> f64 {
        match self {
            Self::F16 => f16::from_le_bytes(ordered(bytes, endian)).to_f64(),
            Self::Bf16 => bf16::from_le_bytes(ordered(bytes, endian)).to_f64(),
            Self::F32 => f64::from(f32::from_le_bytes(ordered(bytes, endian))),
            Self::F64 => f64::from_le_bytes(ordered(bytes, endian)),
        }
    }

    /// The largest relative error of rounding to it.
    #[must_use]
    pub fn unit_roundoff(self) -> f64 {
        let bits = match self {
            Self::F16 => 11,
            Self::Bf16 => 8,
            Self::F32 => 24,
            Self::F64 => 53,
        };
        0.5_f64.powi(bits)
    }
}

#[inline]
fn ordered<const N: usize>(bytes: &[u8], endian: Endian) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    if endian == Endian::Big {
        out.reverse();
    }
    out
}

/// An element type as the header's `descr` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// A floating point number.
    Float(Float, Endian),
    /// A signed integer of so many bytes.
    Signed(usize, Endian),
    /// An unsigned integer of so many bytes; `bool` counts as one byte.
    Unsigned(usize, Endian),
    /// Pickled Python objects.
    Object,
    /// Anything else, by its `descr`.
    Other(String),
}

impl Dtype {
    /// Reads a `descr` string such as `<f4`, `|u1` or `<V2`.
    #[must_use]
    pub fn parse(descr: &str) -> Self {
        let (order, code) = match descr.as_bytes().first() {
            Some(b'<' | b'|' | b'=') => (Endian::Little, &descr[1..]),
            Some(b'>') => (Endian::Big, &descr[1..]),
            _ => (Endian::Little, descr),
        };
        match code {
            "f2" => Self::Float(Float::F16, order),
            "V2" => Self::Float(Float::Bf16, order),
            "f4" => Self::Float(Float::F32, order),
            "f8" => Self::Float(Float::F64, order),
            "b1" | "u1" => Self::Unsigned(1, order),
            "u2" => Self::Unsigned(2, order),
            "u4" => Self::Unsigned(4, order),
            "u8" => Self::Unsigned(8, order),
            "i1" => Self::Signed(1, order),
            "i2" => Self::Signed(2, order),
            "i4" => Self::Signed(4, order),
            "i8" => Self::Signed(8, order),
            "O" | "O8" => Self::Object,
            _ => Self::Other(descr.to_owned()),
        }
    }

    /// Bytes of one element, where the type is one that can be read.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Float(float, _) => Some(float.size()),
            Self::Signed(size, _) | Self::Unsigned(size, _) => Some(*size),
            Self::Object | Self::Other(_) => None,
        }
    }

    /// Reads one integer; -1 for a type that is not an integer.
    pub(super) fn decode_integer(&self, bytes: &[u8]) -> i64 {
        let mut wide = [0_u8; 8];
        let (Self::Signed(size, endian) | Self::Unsigned(size, endian)) = self else { return -1 };
        wide[..*size].copy_from_slice(bytes);
        if *endian == Endian::Big {
            wide[..*size].reverse();
        }
        let value = i64::from_le_bytes(wide);
        if matches!(self, Self::Signed(..)) {
            let unused = 64 - 8 * *size as u32;
            (value << unused) >> unused
        } else {
            // A u64 label beyond i64 turns negative and is refused by the range check.
            value
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = |endian: &Endian| if *endian == Endian::Big { " big-endian" } else { "" };
        match self {
            Self::Float(Float::F16, e) => write!(f, "f16{}", order(e)),
            Self::Float(Float::Bf16, e) => write!(f, "bf16{}", order(e)),
            Self::Float(Float::F32, e) => write!(f, "f32{}", order(e)),
            Self::Float(Float::F64, e) => write!(f, "f64{}", order(e)),
            Self::Signed(size, e) => write!(f, "i{}{}", size * 8, order(e)),
            Self::Unsigned(size, e) => write!(f, "u{}{}", size * 8, order(e)),
            Self::Object => f.write_str("Python objects"),
            Self::Other(descr) => write!(f, "dtype {descr}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descr_strings() {
        assert_eq!(Dtype::parse("<f4"), Dtype::Float(Float::F32, Endian::Little));
        assert_eq!(Dtype::parse(">f8"), Dtype::Float(Float::F64, Endian::Big));
        assert_eq!(Dtype::parse("|V2"), Dtype::Float(Float::Bf16, Endian::Little));
        assert_eq!(Dtype::parse("|u1"), Dtype::Unsigned(1, Endian::Little));
        assert_eq!(Dtype::parse("|O"), Dtype::Object);
        assert_eq!(Dtype::parse("<c16"), Dtype::Other("<c16".to_owned()));
        assert_eq!(Dtype::parse(">i4").to_string(), "i32 big-endian");
    }
}
