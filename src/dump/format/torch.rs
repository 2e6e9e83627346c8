//! The tensors of a PyTorch file (`.pth`, `.pt`): a `state_dict` saved by `torch.save`, as a ZIP archive of a pickle and its storages.
//!
//! ```text
//! NAME/data.pkl    a pickle; a tensor in it is a call of torch._utils._rebuild_tensor_v2((storage, offset, shape, strides, ...))
//! NAME/data/KEY    the bytes of the storage ('storage', type, KEY, device, elements)
//! NAME/byteorder   "little" or "big"; little where it is missing
//! ```
//! The pickle is decoded and never run. Of its functions those that a `state_dict` needs are known; every other is named in the refusal. A tensor is left
//! where its storage lies in the map, if it lies there row by row.
//!
//! Source: `torch/serialization.py`, `torch/_utils.py`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::{Archive, Content};
use super::entry::{list, printable};
use super::file;
use super::limit::Limit;
use super::pickle::{Id, Pickle, Value};
use crate::dump::error::DumpError;
use crate::rows::array::{Memory, StoredArray, shape_text};
use crate::rows::element::{Dtype, Endian, Float};
use crate::rows::mapped::Mapped;

const REBUILD: &str = "torch._utils._rebuild_tensor_v2";
const PARAMETER: &str = "torch._utils._rebuild_parameter";
const FROM_TYPE: &str = "torch._tensor._rebuild_from_type_v2";

/// What may be mentioned in a pickle of tensors.
const FUNCTIONS: &[&str] = &[
    REBUILD,
    PARAMETER,
    FROM_TYPE,
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
];

const REMEDY: &str = "save the weights alone: torch.save(model.state_dict(), file)";

/// What is wrong with the contents, as "found ...".
type Defect = String;

/// The tensors of a file, by name.
///
/// # Errors
/// [`DumpError`] if the file cannot be read, is not such an archive, holds anything but named tensors, or a tensor reaches behind its storage.
pub fn arrays(path: &Path) -> Result<Vec<(String, StoredArray)>, DumpError> {
    let map = Arc::new(file::map(path)?);
    let wrong = |found: Defect| DumpError::malformed(path, found, "a state_dict (a map of names to tensors)", REMEDY);
    if !map.bytes().starts_with(b"PK") {
        // The number that PyTorch wrote first before version 1.6, as a pickle.
        let old = map.bytes().get(2..6) == Some(b"\x8a\x0al\xfc");
        let found = if old { "a file in the form of PyTorch before 1.6" } else { "another kind of file" };
        return Err(wrong(found.to_owned()));
    }
    let archive = Archive::new(path, map.bytes())?;
    let names = archive.names(path)?;
    let mut roots = names.iter().filter_map(|name| name.strip_suffix("data.pkl"));
    let root = match (roots.next(), roots.next()) {
        (Some(root), None) if root.is_empty() || root.ends_with('/') => root.to_owned(),
        _ => return Err(wrong("an archive without data.pkl".to_owned())),
    };
    let mut storages =
        Storages { path, map: &map, archive, root, big: false, unpacked: 0, copied: 0, known: BTreeMap::new() };
    if names.contains(&format!("{}byteorder", storages.root)) {
        let (memory, start, length) = storages.member("byteorder")?;
        storages.big = memory.bytes()[start..start + length] == *b"big";
    }
    let (memory, start, length) = storages.member("data.pkl")?;
    let pickle = Pickle::decode(&memory.bytes()[start..start + length], FUNCTIONS).map_err(wrong)?;
    let Value::Dict(entries) = pickle.top() else { return Err(wrong("no dictionary".to_owned())) };
    let mut arrays = Vec::with_capacity(entries.len());
    let mut others = Vec::new();
    for (key, value) in entries {
        let Value::Bytes(name) = pickle.get(*key) else { return Err(wrong("an entry without a name".to_owned())) };
        let name = String::from_utf8_lossy(name).into_owned();
        match rebuilding(&pickle, *value) {
            Some(arguments) => {
                let array = storages.tensor(&pickle, &name, arguments)?;
                arrays.push((name, array));
            }
            None => others.push(name),
        }
    }
    if !others.is_empty() {
        return Err(wrong(format!("entries that are no tensors: {}", list(&others))));
    }
    Ok(arrays)
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

/// A part of some memory: where it starts and its length.
type Part = (Arc<dyn Memory>, usize, usize);

struct Storages<'a> {
    path: &'a Path,
    map: &'a Arc<Mapped>,
    archive: Archive<'a>,
    root: String,
    big: bool,
    /// Bytes that deflated members have become.
    unpacked: u64,
    /// Bytes of tensors that were copied into rows.
    copied: usize,
    known: BTreeMap<String, Part>,
}

impl Storages<'_> {
    /// The content of a member of the archive.
    fn member(&mut self, name: &str) -> Result<Part, DumpError> {
        if let Some(part) = self.known.get(name) {
            return Ok(part.clone());
        }
        let whole = format!("{}{name}", self.root);
        let part: Part = match self.archive.find(self.path, &whole)? {
            Content::Stored(range) => (Arc::<Mapped>::clone(self.map), range.start, range.len()),
            Content::Deflated { size, .. } => {
                let limit = Limit::in_memory(self.map.bytes().len());
                self.unpacked = self.unpacked.saturating_add(size);
                limit.admit(self.path, self.unpacked)?;
                let content = limit.read_exactly(self.path, &mut self.archive.inflated(self.path, &whole)?, size)?;
                let length = content.len();
                (Arc::new(content), 0, length)
            }
        };
        self.known.insert(name.to_owned(), part.clone());
        Ok(part)
    }

    fn tensor(&mut self, pickle: &Pickle<'_>, name: &str, arguments: &[Id]) -> Result<StoredArray, DumpError> {
        let shown = PathBuf::from(format!("{}[{}]", self.path.display(), printable(name)));
        let wrong = |found: Defect| DumpError::malformed(&shown, found, "a tensor of real numbers", REMEDY);
        let plan = Plan::of(pickle, arguments).map_err(wrong)?;
        let (memory, start, length) = self.member(&format!("data/{}", plan.key))?;
        let endian = if self.big { Endian::Big } else { Endian::Little };
        let (dtype, size) =
            element(plan.storage, endian).ok_or_else(|| wrong(format!("elements of a {}", printable(plan.storage))))?;
        let short = || {
            wrong(format!(
                "a tensor of shape {} that reaches behind its storage of {length} bytes",
                shape_text(&plan.shape)
            ))
        };
        let (elements, last) = plan.extent().ok_or_else(short)?;
        if elements > 0 && last >= length / size {
            return Err(short());
        }
        if elements == 0 || plan.is_row_by_row() {
            let at = start + if elements == 0 { 0 } else { plan.offset * size };
            return StoredArray::new(shown.clone(), dtype, plan.shape.clone(), memory, at).ok_or_else(short);
        }
        // A tensor that repeats elements of its storage could be of any size.
        self.copied = self.copied.saturating_add(elements.saturating_mul(size));
        if elements > length / size || self.copied > self.map.bytes().len() {
            return Err(wrong(format!("a tensor of shape {} that repeats its storage", shape_text(&plan.shape))));
        }
        let rows = plan.gather(&memory.bytes()[start..start + length], elements, size);
        StoredArray::new(shown.clone(), dtype, plan.shape.clone(), Arc::new(rows), 0).ok_or_else(short)
    }
}

/// Where the elements of a tensor are in its storage.
struct Plan<'a> {
    storage: &'static str,
    key: &'a str,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl<'a> Plan<'a> {
    fn of(pickle: &'a Pickle<'_>, arguments: &[Id]) -> Result<Self, Defect> {
        let [storage, offset, shape, strides, ..] = *arguments else { return Err("a tensor without shape".to_owned()) };
        let Value::Persistent(id) = pickle.get(storage) else { return Err("a tensor without storage".to_owned()) };
        let Value::Tuple(storage) = pickle.get(*id) else { return Err("a storage without a name".to_owned()) };
        let [_, storage, key, ..] = storage[..] else { return Err("a storage without a name".to_owned()) };
        let (Value::Function(storage), Value::Bytes(key)) = (pickle.get(storage), pickle.get(key)) else {
            return Err("a storage without type and name".to_owned());
        };
        let key = str::from_utf8(key).map_err(|_| "a storage whose name is no text")?;
        let number = |id: Id| match pickle.get(id) {
            Value::Int(number) => usize::try_from(*number).map_err(|_| "a negative length".to_owned()),
            _ => Err("a length that is no number".to_owned()),
        };
        let numbers = |id: Id| match pickle.get(id) {
            Value::Tuple(ids) if ids.len() <= 64 => ids.iter().map(|&id| number(id)).collect::<Result<Vec<_>, _>>(),
            _ => Err("a shape that is no tuple".to_owned()),
        };
        let (shape, strides) = (numbers(shape)?, numbers(strides)?);
        if shape.len() != strides.len() {
            return Err(format!("{} axes and {} strides", shape.len(), strides.len()));
        }
        Ok(Self { storage, key, offset: number(offset)?, shape, strides })
    }

    /// Number of elements, and the place of the last one; none if these are beyond all numbers.
    fn extent(&self) -> Option<(usize, usize)> {
        let elements = self.shape.iter().try_fold(1_usize, |product, &axis| product.checked_mul(axis))?;
        let steps = self.shape.iter().zip(&self.strides);
        let last = steps
            .filter(|(axis, _)| **axis > 0)
            .try_fold(self.offset, |place, (&axis, &stride)| place.checked_add((axis - 1).checked_mul(stride)?))?;
        Some((elements, last))
    }

    fn is_row_by_row(&self) -> bool {
        let mut expected = 1;
        self.shape.iter().zip(&self.strides).rev().all(|(&axis, &stride)| {
            let fits = axis == 1 || stride == expected;
            expected *= axis;
            fits
        })
    }

    /// The elements, row by row; the caller knows that all lie in the storage.
    fn gather(&self, storage: &[u8], elements: usize, size: usize) -> Vec<u8> {
        let mut rows = Vec::with_capacity(elements * size);
        let mut index = vec![0; self.shape.len()];
        let mut place = self.offset;
        for _ in 0..elements {
            rows.extend_from_slice(&storage[place * size..(place + 1) * size]);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                place += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                place -= self.shape[axis] * self.strides[axis];
                index[axis] = 0;
            }
        }
        rows
    }
}

fn element(storage: &str, endian: Endian) -> Option<(Dtype, usize)> {
    let dtype = match storage.strip_prefix("torch.")? {
        "HalfStorage" => Dtype::Float(Float::F16, endian),
        "BFloat16Storage" => Dtype::Float(Float::Bf16, endian),
        "FloatStorage" => Dtype::Float(Float::F32, endian),
        "DoubleStorage" => Dtype::Float(Float::F64, endian),
        "CharStorage" => Dtype::Signed(1, endian),
        "ShortStorage" => Dtype::Signed(2, endian),
        "IntStorage" => Dtype::Signed(4, endian),
        "LongStorage" => Dtype::Signed(8, endian),
        "ByteStorage" | "BoolStorage" => Dtype::Unsigned(1, endian),
        _ => return None,
    };
    let size = dtype.size()?;
    Some((dtype, size))
}
