//! What the runtime computes wrongly without saying so, and therefore is refused.
//!
//! | defect of rten 0.27 | refused where |
//! |---|---|
//! | `ConvInteger` pads with 0 instead of the zero point: values near an edge are wrong | it has padding |
//! | `Softmax` and `LogSoftmax` before opset 13 run over the last axis; the old default is axis 1 with all behind it | not known to be the same |

use rten_onnx::onnx::NodeProto;

use super::model::Graph;
use super::walk::{attribute, graphs, input_of, op};
use crate::error::OnnxError;

/// The first opset whose softmax runs over one axis, the last by default.
const SOFTMAX_OF_ONE_AXIS: i64 = 13;

impl Graph {
    /// Refuses a model of which these tensors would be wrong.
    ///
    /// # Errors
    /// [`OnnxError::Content`], which names the operator and what else to do.
    pub fn refuse_defects(&self, tensors: &[String]) -> Result<(), OnnxError> {
        for at in self.ancestors(tensors) {
            let node = &self.graph.node[at];
            let inside = node.attribute.iter().filter_map(|attribute| attribute.g.as_ref());
            let inner = inside.flat_map(graphs).flat_map(|graph| &graph.node);
            for node in std::iter::once(node).chain(inner) {
                self.refuse_node(node)?;
            }
        }
        Ok(())
    }

    fn refuse_node(&self, node: &NodeProto) -> Result<(), OnnxError> {
        let name = node.name.as_deref().unwrap_or_default();
        match op(node) {
            "ConvInteger" if pads(node) => Err(OnnxError::file(
                self.path(),
                format!("ConvInteger with padding ({name:?}), which rten computes wrongly at the edges"),
                "a float model or one quantised with QuantizeLinear and DequantizeLinear",
                "export it so",
            )),
            "Softmax" | "LogSoftmax" if self.opset < SOFTMAX_OF_ONE_AXIS && !self.is_over_last_axis(node) => {
                Err(OnnxError::file(
                    self.path(),
                    format!(
                        "{} of opset {} ({name:?}) inside the network that may run over several axes, which rten takes for the last",
                        op(node),
                        self.opset
                    ),
                    format!("opset {SOFTMAX_OF_ONE_AXIS} or later"),
                    "convert it with onnx.version_converter",
                ))
            }
            _ => Ok(()),
        }
    }

    /// Whether the old and the new softmax are the same: over two dimensions, or over the last axis by name.
    fn is_over_last_axis(&self, node: &NodeProto) -> bool {
        let rank = input_of(node, 0).and_then(|tensor| self.rank(tensor));
        let axis = attribute(node, "axis").and_then(|attribute| attribute.i).unwrap_or(1);
        axis == -1 || rank.is_some_and(|rank| axis + 1 == rank as i64)
    }

    /// Dimensions of a tensor, where the file says or the operator does.
    fn rank(&self, tensor: &str) -> Option<usize> {
        let made = || {
            let node = self.maker(tensor)?;
            match op(node) {
                "Gemm" | "Flatten" => Some(2),
                "Relu" | "Identity" | "Cast" | "Dropout" => self.axes.get(input_of(node, 0)?).map(Vec::len),
                _ => None,
            }
        };
        self.axes.get(tensor).map(Vec::len).or_else(made)
    }
}

fn pads(node: &NodeProto) -> bool {
    let explicit = attribute(node, "pads").is_some_and(|pads| pads.ints.iter().any(|pad| *pad != 0));
    let automatic = attribute(node, "auto_pad").and_then(|attribute| attribute.s.as_deref());
    explicit || automatic.is_some_and(|name| name.starts_with("SAME"))
}
