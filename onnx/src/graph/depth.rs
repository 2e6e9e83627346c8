//! How long the chains of a graph are: runtimes descend them, and would overflow their stack.

use std::collections::HashMap;

use rten_onnx::onnx::GraphProto;

use super::walk::graphs;

/// Networks of longer chains are rare: a ResNet of 1001 layers has some 3400 operators in a row. rten descends so many on the 2 MiB of a thread's stack.
pub(super) const MOST_DEPTH: usize = 4000;

/// The most operators in a row, in this graph or one inside it. Operators have to come after those they take from; where they do not, any number
/// of them may be in a row.
pub(super) fn longest_chain(graph: &GraphProto) -> usize {
    graphs(graph).into_iter().map(chain).max().unwrap_or(0)
}

fn chain(graph: &GraphProto) -> usize {
    let makers: HashMap<&str, usize> = graph
        .node
        .iter()
        .enumerate()
        .flat_map(|(at, node)| node.output.iter().map(move |name| (name.as_str(), at)))
        .collect();
    let mut depths: Vec<usize> = Vec::with_capacity(graph.node.len());
    for (at, node) in graph.node.iter().enumerate() {
        let mut depth = 1;
        for maker in node.input.iter().filter(|name| !name.is_empty()).filter_map(|name| makers.get(name.as_str())) {
            match depths.get(*maker) {
                Some(before) => depth = depth.max(before + 1),
                None if *maker == at => {}
                None => return graph.node.len(),
            }
        }
        depths.push(depth);
    }
    depths.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten_onnx::onnx::NodeProto;

    fn node(input: &str, output: &str) -> NodeProto {
        NodeProto { input: vec![input.to_owned()], output: vec![output.to_owned()], ..NodeProto::default() }
    }

    #[test]
    fn chains_are_measured_whatever_the_order() {
        let chain = |names: &[(&str, &str)]| {
            let nodes = names.iter().map(|(input, output)| node(input, output)).collect();
            longest_chain(&GraphProto { node: nodes, ..GraphProto::default() })
        };
        assert_eq!(chain(&[("x", "a"), ("a", "b"), ("x", "c")]), 2);
        assert_eq!(chain(&[("a", "b"), ("x", "a"), ("x", "c")]), 3);
        assert_eq!(chain(&[("a", "a")]), 1);
    }
}
