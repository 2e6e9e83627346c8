//! Tensors that a user may name as logits or features.

use std::fmt::Write;

use super::model::Graph;
use super::walk::op;

/// No more are listed.
const MOST: usize = 8;

/// The outputs and the last tensors that layers take and give: name, shape where the file gives it, operator.
#[must_use]
pub fn candidates(graph: &Graph) -> String {
    let mut names: Vec<(&str, String)> =
        graph.outputs().iter().map(|name| (name.as_str(), "output".to_owned())).collect();
    for node in graph.graph.node.iter().rev() {
        if !matches!(
            op(node),
            "Gemm"
                | "MatMul"
                | "MatMulInteger"
                | "DynamicQuantizeMatMul"
                | "Conv"
                | "Flatten"
                | "GlobalAveragePool"
                | "ReduceMean"
                | "Div"
        ) {
            continue;
        }
        let first = node.input.first().filter(|name| graph.maker(name).is_some()).map(|name| (name, "input"));
        for (name, side) in node.output.first().map(|name| (name, "output")).into_iter().chain(first) {
            if names.len() < MOST && !names.iter().any(|(known, _)| known == name) {
                names.push((name, format!("{side} of {}", op(node))));
            }
        }
    }
    let mut text = String::new();
    for (at, (name, role)) in names.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        // Writing into a String cannot fail.
        let _ = write!(text, "{comma}{name:?} {} ({role})", graph.shape_text(name));
    }
    text
}
