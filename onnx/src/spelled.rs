//! Attributes that ONNX lets a file leave out and rten wants: the file's bytes with them written into the nodes of its graph.

use std::collections::BTreeMap;

use crate::outputs::push_bytes;
use crate::wire::{self, Defect, GRAPH_OF_MODEL, push_varint};

/// Lists of integers that a node lacks, by their names.
pub(crate) type Missing = Vec<(&'static str, Vec<i64>)>;

/// The field of a graph that holds a node.
const NODE_OF_GRAPH: u64 = 1;

/// The field of a node that holds an attribute.
const ATTRIBUTE_OF_NODE: u64 = 5;

/// What an attribute says of itself where it is a list of integers.
const INTEGERS: u64 = 7;

/// The model's bytes with these attributes, by the numbers of the nodes.
pub(crate) fn spelled_out(model: &[u8], missing: &BTreeMap<usize, Missing>) -> Result<Vec<u8>, Defect> {
    if missing.is_empty() {
        return Ok(model.to_vec());
    }
    let mut out = Vec::with_capacity(model.len());
    for field in wire::fields(model, 0..model.len()) {
        let field = field?;
        let Some(contents) = field.contents.filter(|_| field.number == GRAPH_OF_MODEL) else {
            out.extend(&model[field.whole]);
            continue;
        };
        let (mut graph, mut at) = (Vec::with_capacity(contents.len()), 0);
        for field in wire::fields(model, contents) {
            let field = field?;
            let is_node = field.number == NODE_OF_GRAPH;
            match (field.contents, missing.get(&at).filter(|_| is_node)) {
                (Some(node), Some(attributes)) => {
                    let mut node = model[node].to_vec();
                    attributes
                        .iter()
                        .for_each(|(name, values)| push_bytes(&mut node, ATTRIBUTE_OF_NODE, &attribute(name, values)));
                    push_bytes(&mut graph, NODE_OF_GRAPH, &node);
                }
                _ => graph.extend(&model[field.whole]),
            }
            at += usize::from(is_node);
        }
        push_bytes(&mut out, GRAPH_OF_MODEL, &graph);
    }
    Ok(out)
}

fn attribute(name: &str, values: &[i64]) -> Vec<u8> {
    let mut out = Vec::new();
    push_bytes(&mut out, 1, name.as_bytes());
    for value in values {
        push_varint(&mut out, 8 << 3);
        push_varint(&mut out, *value as u64);
    }
    push_varint(&mut out, 20 << 3);
    push_varint(&mut out, INTEGERS);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten_onnx::onnx::ModelProto;

    #[test]
    fn attributes_are_added_to_their_node_alone() {
        let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/onnx/mlp.onnx")).unwrap();
        let counts = |bytes: &[u8]| -> Vec<usize> {
            let graph = ModelProto::parse_buf(bytes).unwrap().graph.unwrap();
            graph.node.iter().map(|node| node.attribute.len()).collect()
        };
        let missing = BTreeMap::from([(1, vec![("strides", vec![3, 300])])]);
        let changed = spelled_out(&bytes, &missing).unwrap();
        assert_eq!(wire::check(&changed), Ok(()));
        let (before, after) = (counts(&bytes), counts(&changed));
        let more: Vec<usize> = before.iter().zip(&after).map(|(before, after)| after - before).collect();
        assert_eq!(more, [0, 1, 0, 0]);
        let graph = ModelProto::parse_buf(&changed).unwrap().graph.unwrap();
        let added = graph.node[1].attribute.last().unwrap();
        assert_eq!((added.name.as_deref(), &added.ints[..]), (Some("strides"), &[3, 300][..]));
        assert_eq!(spelled_out(&bytes, &BTreeMap::new()).unwrap(), bytes);
    }
}
