//! What convolutions and poolings do where a file says nothing: the kernel is the weight's, steps are 1.

use std::collections::BTreeMap;

use rten_onnx::onnx::NodeProto;

use super::model::Graph;
use super::walk::{attribute, input_of, op};
use crate::spelled::Missing;

impl Graph {
    /// The attributes that nodes lack, by their numbers.
    pub(super) fn missing_attributes(&self) -> BTreeMap<usize, Missing> {
        let nodes = self.graph.node.iter().enumerate();
        nodes.map(|(at, node)| (at, self.missing(node))).filter(|(_, missing)| !missing.is_empty()).collect()
    }

    fn missing(&self, node: &NodeProto) -> Missing {
        let own = attribute(node, "kernel_shape").map(|kernel| kernel.ints.clone());
        let kernel = match op(node) {
            "Conv" | "ConvInteger" | "ConvTranspose" => {
                let weight = input_of(node, 1).and_then(|weight| self.stored(weight));
                own.clone().or_else(|| weight?.dims.get(2..).map(<[i64]>::to_vec))
            }
            "MaxPool" | "AveragePool" => own.clone(),
            _ => None,
        };
        let Some(kernel) = kernel else { return Missing::new() };
        let mut missing = Missing::new();
        if attribute(node, "strides").is_none() {
            missing.push(("strides", vec![1; kernel.len()]));
        }
        if own.is_none() {
            missing.push(("kernel_shape", kernel));
        }
        missing
    }
}
