//! What a pickle holds, by the keys that lead to it: `{"id": {"test": [a, b]}}` has `id/test/0` and `id/test/1`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use super::entry::{pick, printable};
use super::numpy_pickle;
use super::pickle::{Defect, Id, Pickle, Value};
use crate::dump::error::DumpError;
use crate::rows::array::StoredArray;

/// Things that are named; more are no dump.
const MOST_NAMED: usize = 4096;
/// Keys that lead to a thing.
const DEPTH: usize = 8;
/// Bytes of a key; what stands under a longer one is passed over, as are dictionaries and lists of more things than are named.
const LONGEST_KEY: usize = 100;
/// Values looked at: lists may hold each other.
const MOST_SEEN: usize = 1 << 20;

/// The functions that arrays and tensors are made by, with all that is beside them in the files of known tools.
pub(super) const FUNCTIONS: &[&str] = &[
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch._tensor._rebuild_from_type_v2",
    "torch.storage._load_from_bytes",
    "torch.nn.parameter.Parameter",
    "torch.Tensor",
    "torch.Size",
    "torch.HalfStorage",
    "torch.BFloat16Storage",
    "torch.FloatStorage",
    "torch.DoubleStorage",
    "torch.CharStorage",
    "torch.ShortStorage",
    "torch.IntStorage",
    "torch.LongStorage",
    "torch.ByteStorage",
    "torch.BoolStorage",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.core.numeric._frombuffer",
    "numpy._core.numeric._frombuffer",
    "numpy.ndarray",
    "numpy.dtype",
];

/// What is named in a pickle: calls, which may be arrays, and lists of numbers.
///
/// # Errors
/// [`Defect`] if there is more than a dump holds.
pub(super) fn named(pickle: &Pickle<'_>) -> Result<Vec<(String, Id)>, Defect> {
    let mut found = Vec::new();
    let mut seen = 0;
    // The same list may have many names.
    let mut lists: HashMap<Id, bool> = HashMap::new();
    let mut open = vec![(String::new(), pickle.root(), 0)];
    while let Some((name, id, depth)) = open.pop() {
        seen += 1;
        if seen > MOST_SEEN || found.len() > MOST_NAMED {
            return Err("more values in it than a dump has arrays".to_owned());
        }
        let mut is_array = || *lists.entry(id).or_insert_with(|| numpy_pickle::is_list_of_numbers(pickle, id));
        let is_array = match pickle.get(id) {
            Value::Call { .. } => true,
            Value::List(_) | Value::Tuple(_) => is_array(),
            _ => false,
        };
        if is_array {
            found.push((name, id));
            continue;
        }
        if depth == DEPTH {
            continue;
        }
        let mut inside: Vec<(String, Id)> = match pickle.get(id) {
            Value::Dict(entries) if entries.len() <= MOST_NAMED => {
                entries.iter().filter_map(|&(key, value)| Some((key_text(pickle, key)?, value))).collect()
            }
            Value::List(items) | Value::Tuple(items) if items.len() <= MOST_NAMED => {
                items.iter().enumerate().map(|(at, &item)| (at.to_string(), item)).collect()
            }
            _ => continue,
        };
        inside.reverse();
        let path = |key: String| if name.is_empty() { key } else { format!("{name}/{key}") };
        open.extend(inside.into_iter().map(|(key, value)| (path(key), value, depth + 1)));
    }
    Ok(found)
}

fn key_text(pickle: &Pickle<'_>, key: Id) -> Option<String> {
    match pickle.get(key) {
        Value::Bytes(text) if text.len() <= LONGEST_KEY => Some(String::from_utf8_lossy(text).into_owned()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The arrays of what is named, where it is one, each made once however many names lead to it. `open` is given the name for messages.
///
/// # Errors
/// What `open` refuses.
pub(super) fn arrays(
    path: &Path,
    named: Vec<(String, Id)>,
    mut open: impl FnMut(Id, &Path) -> Result<Option<StoredArray>, DumpError>,
) -> Result<Vec<(String, StoredArray)>, DumpError> {
    let mut known: HashMap<Id, Option<StoredArray>> = HashMap::new();
    let mut arrays = Vec::new();
    for (name, id) in named {
        let shown = shown(path, &name);
        let array = match known.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(open(id, &shown)?),
        };
        if let Some(array) = array {
            let mut array = array.clone();
            array.path = shown;
            arrays.push((name, array));
        }
    }
    Ok(arrays)
}

/// How an array is called in messages.
pub(super) fn shown(path: &Path, name: &str) -> PathBuf {
    match name {
        "" => path.to_owned(),
        name => PathBuf::from(format!("{}[{}]", path.display(), printable(name))),
    }
}

/// The names of arrays, sorted; none where the only one has no name.
pub(super) fn members(arrays: Vec<(String, StoredArray)>) -> Option<Vec<String>> {
    let mut names: Vec<String> = arrays.into_iter().map(|(name, _)| name).collect();
    names.sort();
    (names != [""]).then_some(names)
}

/// The array of that name, or the only one.
pub(super) fn open(
    path: &Path,
    arrays: Vec<(String, StoredArray)>,
    member: Option<&str>,
) -> Result<StoredArray, DumpError> {
    pick(path, arrays, member, "arrays")
}
