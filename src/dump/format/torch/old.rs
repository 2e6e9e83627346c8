//! The form before PyTorch 1.6, which `torch.save(x, file, _use_new_zipfile_serialization=False)` still writes.
//!
//! ```text
//! five pickles      a magic number, a version, a dictionary with little_endian, the object, the keys of the storages
//! for each key      the number of elements (i64), then the elements
//! ```
//! What type the elements of a storage have is told where the object names it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::plan::element;
use crate::dump::format::pickle::{Defect, Pickle, Value};
use crate::dump::format::tree;
use crate::rows::element::Endian;

/// The pickle of the magic number, behind the two bytes that say its protocol.
const MAGIC: &[u8] = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// Whether these bytes begin so; the first eight suffice.
pub(super) fn recognises(head: &[u8]) -> bool {
    head.len() >= 8 && MAGIC.starts_with(&head[2..head.len().min(2 + MAGIC.len())])
}

/// A file of that form.
pub(super) struct File<'a> {
    /// The object.
    pub(super) pickle: Pickle<'a>,
    /// Whether numbers have their most significant byte first.
    pub(super) big: bool,
    /// Where in the file the elements of each storage are.
    pub(super) storages: BTreeMap<String, Range<usize>>,
}

impl<'a> File<'a> {
    /// Finds the parts of a file.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Defect> {
        let mut at = 2 + MAGIC.len();
        let mut next = || {
            let (pickle, length) = Pickle::decode_first(bytes.get(at..).unwrap_or_default(), tree::FUNCTIONS)?;
            at += length;
            Ok::<_, Defect>(pickle)
        };
        next()?;
        let big = matches!(next()?.entry("little_endian"), Some(Value::Bool(false)));
        let (pickle, keys) = (next()?, next()?);
        let endian = if big { Endian::Big } else { Endian::Little };
        let sizes: BTreeMap<&[u8], usize> =
            pickle.values().filter_map(|value| element_size(&pickle, value, endian)).collect();
        let Value::List(ids) = keys.top() else { return Err("no list of storages".to_owned()) };
        let mut storages = BTreeMap::new();
        for &id in ids {
            let Value::Bytes(key) = keys.get(id) else { return Err("a storage without a name".to_owned()) };
            let cut = || format!("an end within the storages, at byte {at}");
            let count = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>).ok_or_else(cut)?;
            let count = if big { u64::from_be_bytes(*count) } else { u64::from_le_bytes(*count) };
            let size = sizes.get(&**key).ok_or("a storage that nothing is kept in")?;
            let start = at + 8;
            let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(*size));
            let end = length.and_then(|length| start.checked_add(length)).filter(|end| *end <= bytes.len());
            at = end.ok_or_else(cut)?;
            storages.insert(String::from_utf8_lossy(key).into_owned(), start..at);
        }
        Ok(Self { pickle, big, storages })
    }
}

/// The name of a storage, and the bytes of one of its elements, from what identifies it.
fn element_size<'p>(pickle: &'p Pickle<'_>, value: &Value<'_>, endian: Endian) -> Option<(&'p [u8], usize)> {
    let Value::Persistent(id) = value else { return None };
    let Value::Tuple(parts) = pickle.get(*id) else { return None };
    let [_, storage, key, ..] = parts[..] else { return None };
    let (Value::Function(storage), Value::Bytes(key)) = (pickle.get(storage), pickle.get(key)) else { return None };
    Some((key, element(storage, endian)?.1))
}
