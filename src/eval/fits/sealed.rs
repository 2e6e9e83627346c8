//! A safetensors file that describes itself: named arrays, and one entry of metadata, a description as JSON under a checksum of itself and the arrays.
//!
//! Files of fits and of detectors are such files. The checksum finds damage; it is no signature.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata, TensorInfo, TensorView};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::FileError;
use crate::numeric::checksum::{Checksum, Hasher};
use crate::printable;
use crate::rows::mapped::Mapped;
use crate::score::State;
use crate::state::stored::Stored;

/// What a file says of itself.
pub(crate) trait Describes: Serialize + DeserializeOwned {
    /// The name of the only entry of the metadata.
    const KEY: &'static str;
    /// The name of the description beside its checksum.
    const NAME: &'static str;
    /// The format that this version reads and writes, which the description has as `format`.
    const FORMAT: u32;
}

/// A file that is not what it should be.
pub(crate) enum SealError {
    /// It cannot be read.
    File(FileError),
    /// What was found instead.
    Damaged(String),
    /// Another format, of another version.
    Format { found: u32, version: String },
}

/// An opened file, whole and unchanged.
pub(crate) struct SealedFile<D> {
    map: Mapped,
    /// What it says of itself.
    pub(crate) description: D,
}

impl<D: Describes> SealedFile<D> {
    /// Opens a file and checks all of it.
    pub(crate) fn open(path: &Path) -> Result<Self, SealError> {
        let reading = |error| SealError::File(FileError::reading(path)(error));
        let file = File::open(path).map_err(reading)?;
        let map = Mapped::file(path, &file).map_err(|error| SealError::File(FileError::reading(path)(error)))?;
        let (_, metadata) = SafeTensors::read_metadata(&map)
            .map_err(|error| SealError::Damaged(format!("a file that is not valid safetensors ({error})")))?;
        let text = metadata.metadata().as_ref().and_then(|entries| entries.get(D::KEY));
        let text = text.ok_or_else(|| SealError::Damaged("a safetensors file of something else".to_owned()))?;
        let (checksum, description) = described::<D>(text)?;
        let seal = || -> Option<Checksum> {
            let tensors = SafeTensors::deserialize(&map).ok()?;
            let mut seal = Hasher::new();
            seal.bytes(&serde_json::to_vec(&description).ok()?);
            for name in metadata.offset_keys() {
                let tensor = tensors.tensor(&name).ok()?;
                seal_array(&mut seal, &name, tensor.shape());
                seal.bytes(tensor.data());
            }
            Some(seal.finish())
        };
        match seal() {
            Some(found) if found == checksum => Ok(Self { map, description }),
            _ => Err(SealError::Damaged("contents that do not have the checksum written beside them".to_owned())),
        }
    }

    /// The arrays named `part/…`, copied.
    pub(crate) fn part(&self, part: &str) -> Result<State<'static>, SealError> {
        let tensors = SafeTensors::deserialize(&self.map).map_err(|error| SealError::Damaged(error.to_string()))?;
        let mut state = State::new();
        for (name, tensor) in tensors.iter() {
            if let Some((_, array)) = name.split_once('/').filter(|(own, _)| *own == part) {
                let stored =
                    stored(&tensor).ok_or_else(|| SealError::Damaged(format!("array {name} of {}", tensor.dtype())))?;
                state.insert(array.to_owned(), stored);
            }
        }
        Ok(state)
    }
}

/// Writes arrays named `part/array` with their description. They are written from where they lie, not copied before.
///
/// The header is padded so that arrays begin at a multiple of 8 bytes; those of 8-byte elements come first, so all are aligned.
pub(crate) fn write<W: Write, D: Describes>(
    out: &mut W,
    parts: &[(&str, State<'_>)],
    description: &D,
) -> io::Result<()> {
    let mut arrays: Vec<(String, &Stored<'_>)> = Vec::new();
    for (part, state) in parts {
        arrays.extend(state.arrays().map(|(name, array)| (format!("{part}/{name}"), array)));
    }
    arrays.sort_by(|(a, one), (b, other)| other.element_size().cmp(&one.element_size()).then(a.cmp(b)));
    let text = serde_json::to_string(description)?;
    let mut seal = Hasher::new();
    seal.bytes(text.as_bytes());
    let (mut infos, mut end) = (Vec::with_capacity(arrays.len()), 0);
    for (name, array) in &arrays {
        seal_array(&mut seal, name, array.shape());
        array.each_bytes(|bytes| -> io::Result<()> {
            seal.bytes(bytes);
            Ok(())
        })?;
        let start = end;
        end += array.size();
        let dtype = if matches!(array, Stored::F32(_)) { Dtype::F32 } else { Dtype::F64 };
        infos.push((name.clone(), TensorInfo { dtype, shape: array.shape().to_vec(), data_offsets: (start, end) }));
    }
    let sealed = format!(r#"{{"checksum":"{}","{}":{text}}}"#, seal.finish(), D::NAME);
    let metadata =
        Metadata::new(Some(HashMap::from([(D::KEY.to_owned(), sealed)])), infos).map_err(io::Error::other)?;
    let mut header = serde_json::to_vec(&metadata)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    arrays.iter().try_for_each(|(_, array)| array.each_bytes(|bytes| out.write_all(bytes)))
}

/// Checksum and description of an entry. The format alone first: what else a description of another format says is not known.
fn described<D: Describes>(text: &str) -> Result<(Checksum, D), SealError> {
    let damaged = |what: &str, error: serde_json::Error| SealError::Damaged(format!("{what} ({error})"));
    let mut entry: Value = serde_json::from_str(text).map_err(|error| damaged("no JSON", error))?;
    let format = entry[D::NAME]["format"].as_u64().and_then(|format| u32::try_from(format).ok());
    match format {
        Some(format) if format == D::FORMAT => {}
        Some(found) => {
            let version = printable::line(entry[D::NAME]["version"].as_str().unwrap_or("?")).into_owned();
            return Err(SealError::Format { found, version });
        }
        None => return Err(SealError::Damaged("a description without its format".to_owned())),
    }
    let mut take = |name: &str| entry.get_mut(name).map_or(Value::Null, Value::take);
    let not_valid = |error| damaged("a description that is not valid", error);
    let checksum = serde_json::from_value(take("checksum")).map_err(not_valid)?;
    Ok((checksum, serde_json::from_value(take(D::NAME)).map_err(not_valid)?))
}

/// Takes the name and the shape of an array into a seal; its bytes follow.
fn seal_array(seal: &mut Hasher, name: &str, shape: &[usize]) {
    seal.bytes(name.as_bytes());
    shape.iter().for_each(|axis| seal.number(*axis));
}

/// An array of the file, copied; `None` for a type that is none of these files'.
fn stored(tensor: &TensorView<'_>) -> Option<Stored<'static>> {
    let shape = IxDyn(tensor.shape());
    let bytes = tensor.data();
    Some(match tensor.dtype() {
        Dtype::F32 => {
            let values = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            Stored::F32(ArrayD::from_shape_vec(shape, values).ok()?.into())
        }
        Dtype::F64 => {
            let values = bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
            Stored::F64(ArrayD::from_shape_vec(shape, values).ok()?.into())
        }
        _ => return None,
    })
}
