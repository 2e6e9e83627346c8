//! Maps whose means over the pixels the network itself takes; other tensors of four axes have no row of values.

use std::collections::HashSet;

use rten_onnx::onnx::NodeProto;

use super::model::Graph;
use super::walk::{attribute, input_of, op};

impl Graph {
    /// Whether a tensor is maps (n, channels, height, width) that the network averages over the pixels: at once, or after a 1 x 1 convolution, as
    /// networks have it whose last layer is one.
    #[must_use]
    pub fn is_averaged(&self, tensor: &str) -> bool {
        let is_head =
            |node: &&NodeProto| op(node) == "Conv" && input_of(node, 0) == Some(tensor) && self.is_point(node);
        self.is_pooled(tensor)
            || self.graph.node.iter().filter(is_head).filter_map(|node| node.output.first()).any(|scores| {
                // What lies between works on each pixel alone.
                let (mut seen, mut open) = (HashSet::new(), vec![scores.as_str()]);
                while let Some(at) = open.pop().filter(|_| seen.len() < 32) {
                    if self.is_pooled(at) {
                        return true;
                    }
                    if seen.insert(at) {
                        let after =
                            self.graph.node.iter().filter(|node| keeps_pixels(node) && input_of(node, 0) == Some(at));
                        open.extend(after.filter_map(|node| node.output.first()).map(String::as_str));
                    }
                }
                false
            })
    }

    fn is_pooled(&self, tensor: &str) -> bool {
        self.graph.node.iter().filter(|node| input_of(node, 0) == Some(tensor)).any(|node| match op(node) {
            "GlobalAveragePool" => true,
            "ReduceMean" => {
                let own = attribute(node, "axes").map(|axes| axes.ints.clone());
                let given = || {
                    let axes = self.constant(input_of(node, 1)?)?;
                    Some(axes.iter().map(|&axis| axis as i64).collect())
                };
                let mut axes = own.or_else(given).unwrap_or_default();
                axes.sort_unstable();
                axes == [2, 3] || axes == [-2, -1]
            }
            _ => false,
        })
    }

    fn is_point(&self, node: &NodeProto) -> bool {
        let weight = input_of(node, 1).and_then(|weight| self.constant(weight));
        weight.is_some_and(|weight| matches!(weight.shape(), [_, _, 1, 1]))
    }
}

fn keeps_pixels(node: &NodeProto) -> bool {
    matches!(op(node), "Relu" | "Clip" | "Add" | "Mul" | "BatchNormalization" | "Identity" | "Cast" | "Dropout")
}
