//! Files of weights under other names: a runtime may take names of its own only, and exporters name files as they like.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::outputs::push_bytes;
use crate::wire::{self, Defect, EXTERNAL_OF_TENSOR, Message};

/// The model's bytes with these files under new names; what names another file is left as it is.
pub(crate) fn renamed(model: &[u8], names: &BTreeMap<String, String>) -> Result<Vec<u8>, Defect> {
    let mut out = Vec::with_capacity(model.len());
    copy(model, 0..model.len(), Message::Model, names, &mut out)?;
    Ok(out)
}

/// Copies a message; those that may hold a file's name are made anew, since their lengths change with it.
fn copy(
    model: &[u8],
    range: Range<usize>,
    message: Message,
    names: &BTreeMap<String, String>,
    out: &mut Vec<u8>,
) -> Result<(), Defect> {
    for field in wire::fields(model, range) {
        let field = field?;
        let (Some(contents), Some(inner)) = (field.contents, message.inner(field.number)) else {
            out.extend(&model[field.whole]);
            continue;
        };
        let mut own = Vec::new();
        match message == Message::Tensor && field.number == EXTERNAL_OF_TENSOR {
            true => copy_entry(model, contents, names, &mut own)?,
            false => copy(model, contents, inner, names, &mut own)?,
        }
        push_bytes(out, field.number, &own);
    }
    Ok(())
}

/// Copies a pair of key (field 1) and value (field 2), such as `location` and a file.
fn copy_entry(
    model: &[u8],
    range: Range<usize>,
    names: &BTreeMap<String, String>,
    out: &mut Vec<u8>,
) -> Result<(), Defect> {
    let fields: Vec<_> = wire::fields(model, range).collect::<Result<_, _>>()?;
    let is_location = fields
        .iter()
        .any(|field| field.number == 1 && field.contents.clone().is_some_and(|key| &model[key] == b"location"));
    for field in fields {
        let name = field.contents.filter(|_| is_location && field.number == 2);
        let new = name.and_then(|name| names.get(std::str::from_utf8(&model[name]).ok()?));
        match new {
            Some(new) => push_bytes(out, 2, new.as_bytes()),
            None => out.extend(&model[field.whole]),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten_onnx::onnx::ModelProto;

    fn locations(bytes: &[u8]) -> Vec<String> {
        let graph = ModelProto::parse_buf(bytes).unwrap().graph.unwrap();
        let entries = graph.initializer.into_iter().flat_map(|tensor| tensor.external_data);
        entries.filter(|entry| entry.key.as_deref() == Some("location")).filter_map(|entry| entry.value).collect()
    }

    #[test]
    fn files_are_renamed_and_nothing_else_changes() {
        let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/onnx/mlp_external.onnx")).unwrap();
        let old = "mlp_external.weights".to_owned();
        assert_eq!(locations(&bytes), vec![old.clone(); 4]);
        let new = "a longer name ".repeat(20);
        let changed = renamed(&bytes, &[(old.clone(), new.clone())].into()).unwrap();
        assert_eq!(wire::check(&changed), Ok(()));
        assert_eq!(locations(&changed), vec![new.clone(); 4]);
        // And back, byte for byte.
        assert_eq!(renamed(&changed, &[(new, old)].into()).unwrap(), bytes);
        assert_eq!(renamed(&bytes, &BTreeMap::new()).unwrap(), bytes);
    }
}
