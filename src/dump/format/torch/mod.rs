//! Files of `torch.save` (`.pt`, `.pth`): tensors and NumPy arrays in dictionaries and lists, as a ZIP archive of a pickle and its storages, or in the
//! form before PyTorch 1.6.
//!
//! ```text
//! NAME/data.pkl    a pickle; a tensor in it is a call of torch._utils._rebuild_tensor_v2((storage, offset, shape, strides, ...))
//! NAME/data/KEY    the bytes of the storage ('storage', type, KEY, device, elements)
//! NAME/byteorder   "little" or "big"; little where it is missing
//! ```
//! A tensor is named by the keys that lead to it, as in a [`pkl`](super::pkl). The pickle is decoded and never run. Functions that tensors and arrays need are
//! known; every other is named in the refusal. A tensor is left where its storage lies in the map, if it lies there row by row.
//!
//! Source: `torch/serialization.py`, `torch/_utils.py`.

mod old;
mod plan;
mod storages;

use std::path::Path;
use std::sync::Arc;

use super::archive::Archive;
use super::entry::{Format, has_ending, list};
use super::numpy_pickle::{ARRAY, Arrays};
use super::pickle::{Defect, Id, Pickle, Value};
use super::{file, tree};
use crate::dump::error::DumpError;
use crate::rows::array::{Memory, StoredArray};
use storages::{REMEDY, Storages};

/// Files of `torch.save`.
pub struct Torch;

impl Format for Torch {
    fn ending(&self) -> &'static str {
        "pt"
    }

    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        has_ending(path, self.ending()) || has_ending(path, "pth") || old::recognises(head)
    }

    fn members(&self, path: &Path) -> Result<Option<Vec<String>>, DumpError> {
        Ok(tree::members(all_arrays(path)?))
    }

    fn open(&self, path: &Path, member: Option<&str>) -> Result<StoredArray, DumpError> {
        tree::open(path, all_arrays(path)?, member)
    }
}

const REBUILD: &str = "torch._utils._rebuild_tensor_v2";
const PARAMETER: &str = "torch._utils._rebuild_parameter";
const FROM_TYPE: &str = "torch._tensor._rebuild_from_type_v2";

/// Whether these bytes begin as `torch.save` writes them.
pub(super) fn recognises(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || old::recognises(head)
}

/// All tensors and arrays of a file, by the keys that lead to them; one that is the file's only value has no name. Other values are passed over.
///
/// # Errors
/// [`DumpError`] if the file cannot be read, is no such file, or a tensor reaches behind its storage.
pub fn all_arrays(path: &Path) -> Result<Vec<(String, StoredArray)>, DumpError> {
    let wrong = |found: Defect| DumpError::malformed(path, found, "tensors saved by torch.save", REMEDY);
    with(path, &wrong, |pickle, memory, storages| {
        let mut arrays = Arrays::new(pickle, Arc::clone(memory));
        tree::arrays(path, tree::named(pickle).map_err(wrong)?, |id, shown| {
            if let Some(arguments) = rebuilding(pickle, id) {
                return storages.tensor(pickle, shown, arguments).map(Some);
            }
            let wrong = |found: Defect| DumpError::malformed(shown, found, ARRAY, REMEDY);
            arrays.open(id, shown).map_err(wrong)
        })
    })
}

/// The tensors of a `state_dict`, by name.
///
/// # Errors
/// [`DumpError`] if the file cannot be read, holds anything but named tensors, or a tensor reaches behind its storage.
pub fn arrays(path: &Path) -> Result<Vec<(String, StoredArray)>, DumpError> {
    let wrong = |found: Defect| DumpError::malformed(path, found, "a state_dict (a map of names to tensors)", REMEDY);
    with(path, &wrong, |pickle, _, storages| {
        let Value::Dict(entries) = pickle.top() else { return Err(wrong("no dictionary".to_owned())) };
        let mut arrays = Vec::with_capacity(entries.len());
        let mut others = Vec::new();
        for (key, value) in entries {
            let Value::Bytes(name) = pickle.get(*key) else { return Err(wrong("an entry without a name".to_owned())) };
            let name = String::from_utf8_lossy(name).into_owned();
            match rebuilding(pickle, *value) {
                Some(arguments) => {
                    let array = storages.tensor(pickle, &tree::shown(path, &name), arguments)?;
                    arrays.push((name, array));
                }
                None => others.push(name),
            }
        }
        if !others.is_empty() {
            return Err(wrong(format!("entries that are no tensors: {}", list(&others))));
        }
        Ok(arrays)
    })
}

/// Hands on the pickle of a file, the memory that it stands in, and the storages beside it.
fn with<T>(
    path: &Path,
    wrong: &dyn Fn(Defect) -> DumpError,
    read: impl FnOnce(&Pickle<'_>, &Arc<dyn Memory>, &mut Storages<'_>) -> Result<T, DumpError>,
) -> Result<T, DumpError> {
    let map = Arc::new(file::map(path)?);
    if old::recognises(map.bytes()) {
        let file = old::File::read(map.bytes()).map_err(wrong)?;
        let memory = Arc::clone(&map) as Arc<dyn Memory>;
        let parts = file
            .storages
            .into_iter()
            .map(|(key, part)| (format!("data/{key}"), (Arc::clone(&memory), part.start, part.len())));
        let mut storages = Storages::of_old_form(path, &map, file.big, parts.collect());
        return read(&file.pickle, &memory, &mut storages);
    }
    if !map.bytes().starts_with(b"PK") {
        return Err(wrong("another kind of file".to_owned()));
    }
    let archive = Archive::new(path, map.bytes())?;
    let names = archive.names(path)?;
    let mut roots = names.iter().filter_map(|name| name.strip_suffix("data.pkl"));
    let root = match (roots.next(), roots.next()) {
        (Some(root), None) if root.is_empty() || root.ends_with('/') => root.to_owned(),
        _ => return Err(wrong("an archive without data.pkl".to_owned())),
    };
    let has_order = names.contains(&format!("{root}byteorder"));
    let mut storages = Storages::of_archive(path, &map, archive, root);
    if has_order {
        let (memory, start, length) = storages.member("byteorder")?;
        storages.big = memory.bytes()[start..start + length] == *b"big";
    }
    let (memory, start, length) = storages.member("data.pkl")?;
    let pickle = Pickle::decode(&memory.bytes()[start..start + length], tree::FUNCTIONS).map_err(wrong)?;
    read(&pickle, &memory, &mut storages)
}

/// The arguments of the call that a tensor would be rebuilt by; parameters and tensors with attributes are wrapped in further calls.
fn rebuilding<'a>(pickle: &'a Pickle<'_>, value: Id) -> Option<&'a [Id]> {
    let mut value = value;
    for _ in 0..4 {
        let Value::Call { function, arguments, .. } = pickle.get(value) else { return None };
        let Value::Tuple(items) = pickle.get(*arguments) else { return None };
        match *function {
            REBUILD => return Some(items),
            PARAMETER => value = *items.first()?,
            FROM_TYPE => {
                let (Value::Function(REBUILD), Value::Tuple(items)) =
                    (pickle.get(*items.first()?), pickle.get(*items.get(2)?))
                else {
                    return None;
                };
                return Some(items);
            }
            _ => return None,
        }
    }
    None
}
