//! Inner tensors as outputs: the model's bytes with a longer list of outputs.
//!
//! Asking a runtime for an inner tensor fails where its optimiser fused the tensor away. A tensor that is an output survives every optimiser, so
//! the list is made longer before the model is loaded. The top-level fields are copied; where the graph comes, its bytes are followed by an
//! `output` entry per name, without a type, and its length is written anew.

use crate::wire::{self, Defect, GRAPH_OF_MODEL, OUTPUT_OF_GRAPH, push_varint};

/// The model's bytes with these tensors among the outputs; those that are outputs already must not be named.
pub(crate) fn with_outputs(model: &[u8], names: &[&str]) -> Result<Vec<u8>, Defect> {
    let mut added = Vec::new();
    for name in names {
        let mut value = Vec::new();
        push_bytes(&mut value, 1, name.as_bytes());
        push_bytes(&mut added, OUTPUT_OF_GRAPH, &value);
    }
    let mut out = Vec::with_capacity(model.len() + added.len() + 10);
    for field in wire::fields(model, 0..model.len()) {
        let field = field?;
        match field.contents {
            Some(graph) if field.number == GRAPH_OF_MODEL => {
                push_tag(&mut out, GRAPH_OF_MODEL);
                push_varint(&mut out, (graph.len() + added.len()) as u64);
                out.extend(&model[graph]);
                out.extend(&added);
            }
            _ => out.extend(&model[field.whole]),
        }
    }
    Ok(out)
}

/// Appends a field that has a length.
pub(crate) fn push_bytes(out: &mut Vec<u8>, field: u64, contents: &[u8]) {
    push_tag(out, field);
    push_varint(out, contents.len() as u64);
    out.extend(contents);
}

/// The tag of a field with a length.
fn push_tag(out: &mut Vec<u8>, field: u64) {
    push_varint(out, field << 3 | 2);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten_onnx::onnx::ModelProto;

    #[test]
    fn outputs_are_added_and_nothing_else_changes() {
        let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/onnx/mlp.onnx")).unwrap();
        let outputs = |bytes: &[u8]| {
            let graph = ModelProto::parse_buf(bytes).unwrap().graph.unwrap();
            (
                graph.node.len(),
                graph.initializer.len(),
                graph.output.into_iter().filter_map(|o| o.name).collect::<Vec<_>>(),
            )
        };
        let longer =
            with_outputs(&bytes, &["features", "a name of more than 127 letters ".repeat(9).as_str()]).unwrap();
        assert_eq!(wire::check(&longer), Ok(()));
        let (before, after) = (outputs(&bytes), outputs(&longer));
        assert_eq!((before.0, before.1, &*before.2), (after.0, after.1, &after.2[..1]));
        assert_eq!(after.2.len(), 3);
        assert_eq!(after.2[1], "features");
        assert_eq!(with_outputs(&bytes, &[]).unwrap(), bytes);
    }
}
