//! Weights in files beside the model.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use oodbench::dump::format::file;
use rten_onnx::onnx::{DataLocation, GraphProto, TensorProto};

use super::walk::tensors;
use crate::error::OnnxError;

/// The files that the constants of a graph name, by these names. Only files beside the model are read.
pub(super) fn read(model: &Path, graph: &GraphProto) -> Result<BTreeMap<String, Vec<u8>>, OnnxError> {
    let mut files = BTreeMap::new();
    for tensor in tensors(graph).filter(|tensor| is_external(tensor)) {
        let name = entry(tensor, "location").unwrap_or_default();
        if files.contains_key(name) {
            continue;
        }
        let parts: Vec<Component<'_>> = Path::new(name).components().collect();
        if parts.is_empty() || !parts.iter().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            let found = format!("weights in {name:?}");
            return Err(OnnxError::file(model, found, "a file beside the model", "put it there and export again"));
        }
        files.insert(name.to_owned(), file::bytes(&model.with_file_name(name))?);
    }
    Ok(files)
}

/// Whether a tensor's numbers are in another file.
pub(super) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == Some(DataLocation::EXTERNAL)
}

/// What a tensor says of its place.
pub(super) fn entry<'a>(tensor: &'a TensorProto, key: &str) -> Option<&'a str> {
    let entry = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some(key));
    entry.and_then(|entry| entry.value.as_deref())
}
