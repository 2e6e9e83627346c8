//! Files of weights under other names: a runtime may take names of its own only, and exporters name files as they like.
//!
//! Where a constant begins in its file and how long it is need not be said, but rten wants both: they are added.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::graph::byte_length;
use crate::outputs::push_bytes;
use crate::wire::{self, Defect, EXTERNAL_OF_TENSOR, Message};

/// The field of a tensor with the length of an axis.
const DIMS_OF_TENSOR: u64 = 1;

/// The field of a tensor with the type of its numbers.
const TYPE_OF_TENSOR: u64 = 2;

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
        if inner == Message::Tensor {
            copy(model, contents.clone(), inner, names, &mut own)?;
            add_place(model, contents, &mut own)?;
            push_bytes(out, field.number, &own);
            continue;
        }
        match message == Message::Tensor && field.number == EXTERNAL_OF_TENSOR {
            true => copy_entry(model, contents, names, &mut own)?,
            false => copy(model, contents, inner, names, &mut own)?,
        }
        push_bytes(out, field.number, &own);
    }
    Ok(())
}

/// Adds the `offset` and the `length` that a tensor in another file does not say.
fn add_place(model: &[u8], tensor: Range<usize>, out: &mut Vec<u8>) -> Result<(), Defect> {
    let (mut dims, mut element, mut keys) = (Vec::new(), None, Vec::new());
    for field in wire::fields(model, tensor) {
        let field = field?;
        match (field.number, field.contents) {
            (DIMS_OF_TENSOR, None) => dims.extend(wire::number(model, &field.whole).map(|axis| axis as i64)),
            (TYPE_OF_TENSOR, None) => element = wire::number(model, &field.whole),
            (EXTERNAL_OF_TENSOR, Some(pair)) => {
                let pair: Vec<_> = wire::fields(model, pair).collect::<Result<_, _>>()?;
                let key = pair.into_iter().find(|field| field.number == 1).and_then(|field| field.contents);
                keys.extend(key.map(|key| &model[key]));
            }
            _ => {}
        }
    }
    let mut add = |key: &[u8], value: u64| {
        if keys.contains(&&b"location"[..]) && !keys.contains(&key) {
            let mut pair = Vec::new();
            push_bytes(&mut pair, 1, key);
            push_bytes(&mut pair, 2, value.to_string().as_bytes());
            push_bytes(out, EXTERNAL_OF_TENSOR, &pair);
        }
    };
    add(b"offset", 0);
    if let Some(length) = element.and_then(|element| byte_length(&dims, i64::try_from(element).ok()?)) {
        add(b"length", length);
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

    /// A constant whose place the file does not say begins with the file and is as long as its shape needs.
    #[test]
    fn places_that_are_not_said_are_added() {
        let mut pair = Vec::new();
        push_bytes(&mut pair, 1, b"location");
        push_bytes(&mut pair, 2, b"a");
        // Axes of 3 and 2, f32.
        let mut tensor = b"\x08\x03\x08\x02\x10\x01".to_vec();
        push_bytes(&mut tensor, EXTERNAL_OF_TENSOR, &pair);
        let (mut graph, mut model) = (Vec::new(), Vec::new());
        push_bytes(&mut graph, 5, &tensor);
        push_bytes(&mut model, 7, &graph);
        let changed = renamed(&model, &[("a".to_owned(), "b".to_owned())].into()).unwrap();
        let graph = ModelProto::parse_buf(&changed).unwrap().graph.unwrap();
        let entries = graph.initializer[0].external_data.iter();
        let pairs: Vec<_> = entries.map(|entry| (entry.key.as_deref(), entry.value.as_deref())).collect();
        let expected = [("location", "b"), ("offset", "0"), ("length", "24")];
        assert_eq!(pairs, expected.map(|(key, value)| (Some(key), Some(value))));
        // What is said stays.
        assert_eq!(renamed(&changed, &BTreeMap::new()).unwrap(), changed);
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
