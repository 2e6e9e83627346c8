//! Nodes of a graph and of the graphs inside it, and what a node says.

use rten_onnx::onnx::{AttributeProto, GraphProto, NodeProto, TensorProto};

/// A node's operator.
pub(super) fn op(node: &NodeProto) -> &str {
    node.op_type.as_deref().unwrap_or_default()
}

pub(super) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
}

/// An input of a node; an absent one has no name.
pub(super) fn input_of(node: &NodeProto, at: usize) -> Option<&str> {
    node.input.get(at).map(String::as_str).filter(|name| !name.is_empty())
}

/// A graph and those inside its nodes. The checked depth of the file bounds the descent.
pub(super) fn graphs(graph: &GraphProto) -> Vec<&GraphProto> {
    let inner = graph.node.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.g.as_ref());
    std::iter::once(graph).chain(inner.flat_map(graphs)).collect()
}

/// The nodes of a graph and of those inside it.
pub(super) fn nodes(graph: &GraphProto) -> impl Iterator<Item = &NodeProto> {
    graphs(graph).into_iter().flat_map(|graph| &graph.node)
}

/// The constants of a graph and of those inside it.
pub(super) fn tensors(graph: &GraphProto) -> impl Iterator<Item = &TensorProto> {
    let initializers = graphs(graph).into_iter().flat_map(|graph| &graph.initializer);
    let attributes = nodes(graph).flat_map(|node| &node.attribute);
    initializers.chain(attributes.filter_map(|attribute| attribute.t.as_ref()))
}
