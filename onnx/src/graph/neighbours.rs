//! What is known to make the outputs of a row depend on the other rows of its block, in whatever runtime.
//!
//! | what | what is done |
//! |---|---|
//! | operators that quantise by the largest and the smallest number of all that they take: ONNX's `DynamicQuantizeLinear`, onnxruntime's `DynamicQuantizeMatMul` and `DynamicQuantizeLSTM` | rows are run one by one |
//! | `MeanVarianceNormalization` whose axes have the rows among them, as they have by default | the same |
//! | `BatchNormalization` by the statistics of the batch, as in training | refused: no network is used so |
//! | functions of the model's own | refused: no check looks inside them |
//!
//! Graphs inside `If`, `Loop` and `Scan` count like the one around them.

use rten_onnx::onnx::NodeProto;

use super::model::Graph;
use super::refusal::Refusal;
use super::walk::{attribute, input_of, nodes, op};
use crate::error::OnnxError;

/// How the names of the operators begin whose scale is of all that they take.
const DYNAMIC: &str = "DynamicQuantize";

/// The first opset whose `MeanVarianceNormalization` has axes; before, it was of each row alone.
const MEANS_OF_AXES: i64 = 9;

/// The first opset whose `BatchNormalization` tells by the number of its outputs whether it is trained; before, `is_test` did.
const TRAINED_BY_OUTPUTS: i64 = 7;

/// The first opset whose `BatchNormalization` has an attribute for it.
const TRAINED_BY_MODE: i64 = 14;

impl Graph {
    /// The first operator, in whatever depth, whose numbers are scaled by all rows of a block. A model that has one is run row by row.
    #[must_use]
    pub fn scales_by_block(&self) -> Option<&str> {
        nodes(&self.graph).find(|node| self.takes_all_rows(node)).map(op)
    }

    fn takes_all_rows(&self, node: &NodeProto) -> bool {
        match op(node) {
            "MeanVarianceNormalization" if self.opset >= MEANS_OF_AXES => self.is_over_rows(node),
            operator => operator.starts_with(DYNAMIC),
        }
    }

    /// Whether the rows are among the axes of a node, or may be.
    fn is_over_rows(&self, node: &NodeProto) -> bool {
        let Some(axes) = attribute(node, "axes") else { return true };
        let rank = input_of(node, 0).and_then(|tensor| self.rank(tensor));
        // A negative axis of a tensor with unknown dimensions may be any.
        let is_first = |axis: i64| axis == 0 || (axis < 0 && rank.is_none_or(|rank| axis + rank as i64 == 0));
        axes.ints.iter().any(|axis| is_first(*axis))
    }

    /// Why a normalisation by the statistics of the batch is refused.
    pub(super) fn batch_statistics(&self, node: &NodeProto) -> Option<Refusal> {
        if op(node) != "BatchNormalization" {
            return None;
        }
        let is_set = |name: &str| attribute(node, name).and_then(|flag| flag.i).unwrap_or(0) != 0;
        let gives_statistics = node.output.iter().skip(1).any(|name| !name.is_empty());
        let how = match self.opset {
            _ if is_set("training_mode") => "with training_mode",
            ..TRAINED_BY_OUTPUTS if !is_set("is_test") => "without is_test",
            TRAINED_BY_OUTPUTS..TRAINED_BY_MODE if gives_statistics => "with the statistics of the batch as outputs",
            _ => return None,
        };
        let name = node.name.as_deref().unwrap_or_default();
        Some(Refusal {
            found: format!("BatchNormalization {how} ({name:?}), by which a row depends on the rows beside it"),
            expected: "a model for inference".to_owned(),
            remedy: "export it in evaluation mode, in PyTorch after model.eval()",
        })
    }

    /// Refuses a model with functions of its own: no check looks inside them, so none of what they do would be told.
    ///
    /// # Errors
    /// [`OnnxError::Content`], which names the first of them.
    pub fn refuse_functions(&self) -> Result<(), OnnxError> {
        let Some(name) = self.function() else { return Ok(()) };
        let found = format!("functions of its own (the first is {name:?})");
        let expected = "operators alone, as no check looks inside functions";
        Err(OnnxError::file(self.path(), found, expected, "inline them first with onnx.inliner.inline_local_functions"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::made::{fed_by_rows_of_four, field};
    use crate::wire::push_varint;
    use std::path::Path;

    /// An attribute of integers: one (field 3), or a list (field 8).
    fn integers(name: &str, field_of: u64, values: &[i64]) -> Vec<u8> {
        let mut out = field(1, name.as_bytes());
        for value in values {
            push_varint(&mut out, field_of << 3);
            push_varint(&mut out, *value as u64);
        }
        field(5, &out)
    }

    fn node(op: &str, outputs: &[&str], attributes: &[Vec<u8>]) -> Vec<u8> {
        let outputs: Vec<u8> = outputs.iter().flat_map(|name| field(2, name.as_bytes())).collect();
        [field(1, b"x"), outputs, field(4, op.as_bytes()), attributes.concat()].concat()
    }

    /// A model of this node from `x` (n, 4) to `y`, and what stands behind its graph.
    fn model(opset: u8, node: &[u8], more: &[u8]) -> Graph {
        let graph = [field(1, node), fed_by_rows_of_four()].concat();
        let bytes = [&field(7, &graph)[..], &field(8, &[16, opset])[..], more].concat();
        Graph::parse(Path::new("a.onnx"), bytes).unwrap()
    }

    #[test]
    fn statistics_of_the_batch_are_told_by_the_rules_of_each_opset() {
        let trained = |opset: u8, outputs: &[&str], attributes: &[Vec<u8>]| {
            let graph = model(opset, &node("BatchNormalization", outputs, attributes), &[]);
            let refused = graph.refuse_in_any_runtime(&["y".to_owned()]);
            assert_eq!(refused.is_err(), graph.refuse_defects(&["y".to_owned()]).is_err());
            refused.err().map(|error| error.to_string())
        };
        let flag = |name: &str, value: i64| [integers(name, 3, &[value])];
        let none: &[Vec<u8>] = &[];
        let five = ["y", "mean", "variance", "saved_mean", "saved_variance"];
        for (opset, outputs, attributes, how) in [
            (6, &["y"][..], none, Some("without is_test")),
            (6, &["y"], &flag("is_test", 0), Some("without is_test")),
            (6, &["y"], &flag("is_test", 1), None),
            (7, &["y"], none, None),
            (13, &five, none, Some("with the statistics of the batch as outputs")),
            // Names of outputs that are left out are empty.
            (13, &["y", "", ""], none, None),
            (14, &["y"], &flag("training_mode", 0), None),
            (14, &["y", "mean", "variance"], &flag("training_mode", 1), Some("with training_mode")),
        ] {
            let error = trained(opset, outputs, attributes);
            assert_eq!(error.is_some(), how.is_some(), "{opset} {outputs:?}: {error:?}");
            if let Some((error, how)) = error.zip(how) {
                assert!(error.contains(&format!("found BatchNormalization {how} (\"\")")), "{error}");
            }
        }
    }

    #[test]
    fn operators_over_all_rows_are_found() {
        let of = |op: &str, attributes: &[Vec<u8>]| {
            model(13, &node(op, &["y"], attributes), &[]).scales_by_block().map(str::to_owned)
        };
        for op in ["DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"] {
            assert_eq!(of(op, &[]).as_deref(), Some(op));
        }
        for op in ["DynamicSlice", "QuantizeLinear", "LayerNormalization"] {
            assert_eq!(of(op, &[]), None);
        }
        let means = |axes: &[i64]| of("MeanVarianceNormalization", &[integers("axes", 8, axes)]).is_some();
        // `x` has two axes.
        assert!(means(&[0, 1]) && means(&[-2]) && !means(&[1]) && !means(&[-1]));
        assert!(of("MeanVarianceNormalization", &[]).is_some());
        assert_eq!(model(8, &node("MeanVarianceNormalization", &["y"], &[]), &[]).scales_by_block(), None);
        // Inside a graph of a node: an attribute's field 6.
        let inside = field(6, &field(1, &node("DynamicQuantizeLinear", &["z"], &[])));
        let branch = field(5, &[field(1, b"then_branch"), inside].concat());
        assert_eq!(of("If", &[branch]).as_deref(), Some("DynamicQuantizeLinear"));
    }

    #[test]
    fn functions_are_refused_before_anything_is_looked_for() {
        let graph = model(13, &node("Relu", &["y"], &[]), &field(25, &field(1, b"block\n")));
        let line = "a.onnx: found functions of its own (the first is \"block\\n\"), expected operators alone, as no check looks inside functions; \
                    inline them first with onnx.inliner.inline_local_functions";
        let y = ["y".to_owned()];
        for refused in [
            graph.refuse_functions(),
            graph.refuse_defects(&y),
            graph.refuse_in_any_runtime(&y),
            graph.find(None, None, &y).map(|_| ()),
        ] {
            assert_eq!(refused.unwrap_err().to_string(), line);
        }
        // One without a name, and a number by the same field.
        for (bytes, is_function) in [(field(25, &[]), true), (vec![0xc8, 1, 5], false)] {
            let graph = model(13, &node("Relu", &["y"], &[]), &bytes);
            assert_eq!(graph.refuse_functions().is_err(), is_function, "{bytes:?}");
        }
    }
}
