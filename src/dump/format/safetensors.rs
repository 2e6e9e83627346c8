//! Named tensors of a `.safetensors` file, left on disk behind a memory map.
//!
//! Source: <https://github.com/huggingface/safetensors>, "Format".

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype as Theirs;

use super::entry::{Format, has_ending, pick, printable};
use super::file;
use super::tensor::Tensor;
use crate::dump::error::DumpError;
use crate::rows::Rows;
use crate::rows::array::{Memory, StoredArray};
use crate::rows::element::{Dtype, Endian, Float};

/// Named tensors.
pub struct Safetensors;

impl Format for Safetensors {
    fn ending(&self) -> &'static str {
        "safetensors"
    }

    /// A length of eight bytes, then JSON.
    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        has_ending(path, self.ending()) || head.get(8..10) == Some(b"{\"")
    }

    fn members(&self, path: &Path) -> Result<Option<Vec<String>>, DumpError> {
        let map = file::map(path)?;
        let mut names: Vec<String> = parse(path, &map)?.names().into_iter().map(ToOwned::to_owned).collect();
        names.sort();
        Ok(Some(names))
    }

    fn open(&self, path: &Path, member: Option<&str>) -> Result<StoredArray, DumpError> {
        pick(path, arrays(path)?, member, "tensors")
    }
}

/// All tensors of a file, by name.
///
/// # Errors
/// [`DumpError`] if the file cannot be read or holds a tensor of no real numbers.
pub fn arrays(path: &Path) -> Result<Vec<(String, StoredArray)>, DumpError> {
    arrays_in(path, &(Arc::new(file::map(path)?) as Arc<dyn Memory>))
}

/// All tensors of a file's bytes, by name; `path` stands for them in messages.
///
/// # Errors
/// As [`arrays`].
pub fn arrays_in(path: &Path, memory: &Arc<dyn Memory>) -> Result<Vec<(String, StoredArray)>, DumpError> {
    let tensors = parse(path, memory.bytes())?;
    let start = memory.bytes().as_ptr() as usize;
    let mut arrays = Vec::new();
    for (name, view) in tensors.tensors() {
        let shown = PathBuf::from(format!("{}[{}]", path.display(), printable(&name)));
        let dtype = dtype(view.dtype()).ok_or_else(|| {
            let found = format!("dtype {:?}", view.dtype());
            DumpError::malformed(
                &shown,
                found,
                "real numbers (f16, bf16, f32, f64 or integers)",
                "convert it to float32",
            )
        })?;
        let offset = view.data().as_ptr() as usize - start;
        let array = StoredArray::new(shown.clone(), dtype, view.shape().to_vec(), Arc::clone(memory), offset);
        let array = array.ok_or_else(|| damaged(&shown, &"a tensor ends behind the file"))?;
        arrays.push((name, array));
    }
    arrays.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(arrays)
}

/// The name of the type of a tensor, and the bytes of an element.
fn type_of(tensor: &Tensor<'_>) -> (&'static str, usize) {
    match tensor {
        Tensor::Rows(Rows::F32(_)) => ("F32", 4),
        Tensor::Rows(Rows::F64(_)) => ("F64", 8),
        Tensor::Labels(_) => ("I64", 8),
    }
}

fn write_elements(out: &mut dyn Write, tensor: &Tensor<'_>) -> io::Result<()> {
    match tensor {
        Tensor::Rows(Rows::F32(rows)) => {
            let elements = rows.view();
            elements.as_slice().unwrap_or_default().iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
        }
        Tensor::Rows(Rows::F64(rows)) => {
            let elements = rows.view();
            elements.as_slice().unwrap_or_default().iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
        }
        Tensor::Labels(labels) => labels.iter().try_for_each(|label| out.write_all(&label.to_le_bytes())),
    }
}

/// Writes named tensors, none of them copied: wide elements first, so that each lies at a multiple of its size.
pub(in crate::dump) fn write(out: &mut dyn Write, tensors: &[(String, Tensor<'_>)]) -> io::Result<()> {
    let mut ordered: Vec<&(String, Tensor<'_>)> = tensors.iter().collect();
    ordered.sort_by_key(|(name, tensor)| (std::cmp::Reverse(type_of(tensor).1), name));
    let mut header = serde_json::Map::new();
    let mut at = 0;
    for (name, tensor) in &ordered {
        let (shape, (dtype, size)) = (tensor.shape(), type_of(tensor));
        let end = at + shape.iter().product::<usize>() * size;
        let entry = serde_json::json!({ "dtype": dtype, "shape": shape, "data_offsets": [at, end] });
        header.insert(name.clone(), entry);
        at = end;
    }
    let mut header = serde_json::to_string(&header)?;
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    ordered.into_iter().try_for_each(|(_, tensor)| write_elements(out, tensor))
}

fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>, DumpError> {
    SafeTensors::deserialize(bytes).map_err(|error| damaged(path, &error))
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> DumpError {
    let reason = printable(&error.to_string());
    DumpError::malformed(
        path,
        format!("an invalid safetensors file ({reason})"),
        "named tensors",
        "write the file again",
    )
}

fn dtype(theirs: Theirs) -> Option<Dtype> {
    let little = Endian::Little;
    Some(match theirs {
        Theirs::F16 => Dtype::Float(Float::F16, little),
        Theirs::BF16 => Dtype::Float(Float::Bf16, little),
        Theirs::F32 => Dtype::Float(Float::F32, little),
        Theirs::F64 => Dtype::Float(Float::F64, little),
        Theirs::I8 => Dtype::Signed(1, little),
        Theirs::I16 => Dtype::Signed(2, little),
        Theirs::I32 => Dtype::Signed(4, little),
        Theirs::I64 => Dtype::Signed(8, little),
        Theirs::BOOL | Theirs::U8 => Dtype::Unsigned(1, little),
        Theirs::U16 => Dtype::Unsigned(2, little),
        Theirs::U32 => Dtype::Unsigned(4, little),
        Theirs::U64 => Dtype::Unsigned(8, little),
        _ => return None,
    })
}
