//! Products of bytes whose sums may be cut off, by the processor that runs them.
//!
//! x86-64 without VNNI multiplies bytes without a sign by bytes with one and adds two such products in 16 bits (`VPMADDUBSW`): 2 · 255 · 127 becomes
//! 32767. No sum is cut off where the weights are small enough; whether one is elsewhere depends on the rows, so the model is run with a warning.
//!
//! | product | what its kernel multiplies | weights that are small enough |
//! |---|---|---|
//! | rten's, of matrices | weights with a sign; without one, less 128 | -64 to 64; 64 to 192 |
//! | rten's `ConvInteger` | weights without a sign; with one, less the smallest | up to 128; -64 to 64 |
//! | onnxruntime's | bytes as they are; those of one type are added whole | with a sign beside rows without: -64 to 64 |
//! | onnxruntime's `ConvInteger` | the same with its sides turned | without a sign beside rows with one: up to 128 |
//! | onnxruntime's of floats from `DequantizeLinear` | the bytes before; rows get no sign | with a sign: -64 to 64 |

use std::collections::HashMap;
use std::ops::RangeInclusive;

use rten_onnx::onnx::{DataType, NodeProto, TensorProto};

use super::input::Kind;
use super::model::Graph;
use super::tensor::numbers;
use super::walk::{attribute, graphs, input_of, nodes, op};

/// No exporter puts more operators around a weight.
const MOST_STEPS: usize = 16;

/// How the kernels of a runtime add products of bytes on this processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sums {
    /// None is cut off.
    Whole,
    /// Two are added in 16 bits, whatever the types, as rten does, which makes one side signed and the other not.
    CutOff,
    /// Two are added in 16 bits where one side has a sign and the other has none, as onnxruntime does.
    CutOffWhereMixed,
}

impl Graph {
    /// What should be known of the first product that these tensors are made by and whose sums may be cut off, with what to do.
    #[must_use]
    pub fn saturation(&self, tensors: &[String], sums: Sums) -> Option<String> {
        if sums == Sums::Whole {
            return None;
        }
        let products = Products::of(self, sums);
        let node = self.nodes_of(tensors).into_iter().find(|node| products.may_saturate(node))?;
        Some(format!(
            "sums of {} ({:?}) may saturate at 16 bits on this processor, an x86-64 without VNNI, so that outputs may differ from those on others; \
             quantise with weights of 7 bits (weight_type=QInt8, reduce_range=True), or run on a processor with VNNI",
            op(node),
            node.name.as_deref().unwrap_or_default()
        ))
    }
}

/// A model's products, with what its tensors are made of in whatever depth.
struct Products<'g> {
    graph: &'g Graph,
    sums: Sums,
    /// Graphs beside each other may have a name twice.
    stored: HashMap<&'g str, Vec<&'g TensorProto>>,
    makers: HashMap<&'g str, &'g NodeProto>,
}

impl<'g> Products<'g> {
    fn of(graph: &'g Graph, sums: Sums) -> Self {
        let mut stored: HashMap<&str, Vec<&TensorProto>> = HashMap::new();
        let mut makers: HashMap<&str, &NodeProto> = HashMap::new();
        for tensor in graphs(&graph.graph).into_iter().flat_map(|graph| &graph.initializer) {
            stored.entry(tensor.name.as_deref().unwrap_or_default()).or_default().push(tensor);
        }
        for node in nodes(&graph.graph) {
            makers.extend(node.output.iter().map(|output| (output.as_str(), node)));
            let constant =
                attribute(node, "value").filter(|_| op(node) == "Constant").and_then(|value| value.t.as_ref());
            if let Some((tensor, output)) = constant.zip(node.output.first()) {
                stored.entry(output.as_str()).or_default().push(tensor);
            }
        }
        Self { graph, sums, stored, makers }
    }

    fn may_saturate(&self, node: &NodeProto) -> bool {
        let Some((weights, zero)) = places(op(node)) else {
            return self.sums == Sums::CutOffWhereMixed && self.is_of_dequantised(node);
        };
        // A zero point has the type of its numbers.
        let has_sign = |at: usize| input_of(node, at).and_then(|rows| self.element(rows)) == Some(DataType::INT8);
        let is_signed = has_sign(0) || zero.is_some_and(has_sign);
        let is_convolution = op(node) == "ConvInteger";
        let mut weights = weights.iter().filter_map(|at| input_of(node, *at));
        weights.any(|weight| self.may_go_beyond(weight, |of| self.small(of, is_convolution, is_signed)))
    }

    /// Whether onnxruntime makes a product of bytes of this one: both sides were bytes, the weights stored ones.
    fn is_of_dequantised(&self, node: &NodeProto) -> bool {
        let before = |at: usize| {
            let maker = self.makers.get(self.before_shaping(input_of(node, at)?)).copied()?;
            input_of(maker, 0).filter(|_| op(maker) == "DequantizeLinear")
        };
        let Some((_, weight)) = before(0).zip(before(1)).filter(|_| matches!(op(node), "MatMul" | "Gemm" | "Conv"))
        else {
            return false;
        };
        self.element(weight) == Some(DataType::INT8)
            && self.stored.contains_key(self.before_shaping(weight))
            && self.may_go_beyond(weight, |of| self.small(of, false, false))
    }

    /// Whether a weight is beyond what is small enough for its type, or cannot be told.
    fn may_go_beyond(&self, weight: &str, small: impl Fn(Option<DataType>) -> Option<RangeInclusive<f64>>) -> bool {
        let Some(stored) = self.stored.get(self.before_shaping(weight)) else {
            return small(self.element(weight)).is_some();
        };
        let is_beyond = |tensor: &&TensorProto| {
            let Some(small) = small(tensor.data_type) else { return false };
            let values = numbers(self.graph.external(), tensor);
            values.is_none_or(|values| values.iter().any(|value| !small.contains(value)))
        };
        stored.iter().any(is_beyond)
    }

    /// The weights of a type that are small enough; `None` where all are.
    fn small(&self, of: Option<DataType>, is_convolution: bool, is_signed: bool) -> Option<RangeInclusive<f64>> {
        let is_unsigned = of == Some(DataType::UINT8);
        match self.sums {
            Sums::Whole => None,
            Sums::CutOff if is_unsigned => Some(if is_convolution { 0.0..=128.0 } else { 64.0..=192.0 }),
            Sums::CutOffWhereMixed if is_unsigned => (is_convolution && is_signed).then_some(0.0..=128.0),
            Sums::CutOffWhereMixed if of == Some(DataType::INT8) && (is_convolution || is_signed) => None,
            Sums::CutOff | Sums::CutOffWhereMixed => Some(-64.0..=64.0),
        }
    }

    /// The type of bytes, where it is told.
    fn element(&self, tensor: &str) -> Option<DataType> {
        let tensor = self.before_shaping(tensor);
        let stored = |name: &str| self.stored.get(name)?.first()?.data_type;
        let fed = || {
            let input = self.graph.inputs().iter().find(|input| input.name == tensor)?;
            match input.kind {
                Kind::Byte => Some(DataType::UINT8),
                Kind::SignedByte => Some(DataType::INT8),
                _ => None,
            }
        };
        let made = || {
            let node = self.makers.get(tensor)?;
            match op(node) {
                "DynamicQuantizeLinear" => Some(DataType::UINT8),
                "QuantizeLinear" => stored(input_of(node, 2)?),
                _ => None,
            }
        };
        stored(tensor).or_else(fed).or_else(made)
    }

    /// Up through what leaves the numbers as they are.
    fn before_shaping<'t>(&self, tensor: &'t str) -> &'t str
    where
        'g: 't,
    {
        let mut tensor = tensor;
        for _ in 0..MOST_STEPS {
            let node = self.makers.get(tensor).copied().filter(|node| {
                matches!(op(node), "Identity" | "Reshape" | "Transpose" | "Squeeze" | "Unsqueeze" | "Flatten")
            });
            let Some(before) = node.and_then(|node| input_of(node, 0)) else { break };
            tensor = before;
        }
        tensor
    }
}

/// Which inputs of a product are its weights, and which is the zero point of the rows.
fn places(operator: &str) -> Option<(&'static [usize], Option<usize>)> {
    Some(match operator {
        "MatMulInteger" | "ConvInteger" => (&[1], Some(2)),
        "MatMulIntegerToFloat" => (&[1], Some(4)),
        "QLinearMatMul" | "QLinearConv" | "QGemm" => (&[3], Some(2)),
        "QAttention" => (&[1], Some(6)),
        "DynamicQuantizeMatMul" => (&[1], None),
        "DynamicQuantizeLSTM" => (&[1, 2], None),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::made::{fed_by_rows_of_four, field};
    use std::path::Path;

    /// A node from inputs to an output, both by name.
    fn node(op: &str, inputs: &str, output: &str) -> Vec<u8> {
        let inputs: Vec<u8> = inputs.split(' ').flat_map(|name| field(1, name.as_bytes())).collect();
        [inputs, field(2, output.as_bytes()), field(3, b"product"), field(4, op.as_bytes())].concat()
    }

    const UINT8: u8 = 2;
    const INT8: u8 = 3;

    fn stored(name: &str, element: u8, bytes: &[u8]) -> Vec<u8> {
        [vec![1 << 3, bytes.len() as u8, 2 << 3, element], field(8, name.as_bytes()), field(9, bytes)].concat()
    }

    /// A model of these nodes from `x` (n, 4) to `y`, with bytes of some sizes.
    fn model(nodes: &[Vec<u8>]) -> Graph {
        let signed = |name: &str, values: &[i8]| {
            stored(name, INT8, &values.iter().map(|value| value.to_le_bytes()[0]).collect::<Vec<u8>>())
        };
        let weights = [
            signed("small", &[-64, 64]),
            signed("large", &[0, 65]),
            signed("low", &[-65, 0]),
            signed("signed", &[0]),
            stored("zero", UINT8, &[0]),
            stored("middle", UINT8, &[64, 192]),
            stored("half", UINT8, &[0, 128]),
            stored("full", UINT8, &[120, 193]),
        ];
        let mut graph: Vec<u8> = nodes.iter().flat_map(|node| field(1, node)).collect();
        graph.extend(weights.iter().flat_map(|weight| field(5, weight)));
        graph.extend(fed_by_rows_of_four());
        Graph::parse(Path::new("a.onnx"), [field(7, &graph), field(8, &[16, 18])].concat()).unwrap()
    }

    /// Whether a product into `y`, and what comes before it, may be cut off.
    fn may(before: &[Vec<u8>], op: &str, inputs: &str, sums: Sums) -> bool {
        let graph = model(&[before, &[node(op, inputs, "y")]].concat());
        let of = |sums| graph.saturation(&["y".to_owned()], sums);
        assert_eq!(of(Sums::Whole), None);
        of(sums).is_some()
    }

    #[test]
    fn weights_are_small_enough_by_what_a_kernel_makes_of_them() {
        for (op, inputs, in_rten, in_onnxruntime) in [
            ("MatMulInteger", "x small zero", false, false),
            ("MatMulInteger", "x large zero", true, true),
            ("MatMulInteger", "x low zero", true, true),
            ("MatMulInteger", "x large", true, true),
            ("MatMulInteger", "x large signed", true, false),
            ("MatMulInteger", "x middle zero", false, false),
            ("MatMulInteger", "x half zero", true, false),
            ("MatMulInteger", "x full zero", true, false),
            ("MatMulInteger", "x nowhere zero", true, true),
            ("ConvInteger", "x small zero", false, false),
            ("ConvInteger", "x large zero", true, false),
            ("ConvInteger", "x half signed", false, false),
            ("ConvInteger", "x full zero", true, false),
            ("ConvInteger", "x full signed", true, true),
            ("MatMulIntegerToFloat", "x large s s zero", true, true),
            ("QLinearMatMul", "x s zero large", true, true),
            ("QLinearMatMul", "x s signed large", true, false),
            ("QLinearConv", "x s zero small", false, false),
            ("QGemm", "x s zero low", true, true),
            ("QAttention", "x large b s s m zero", true, true),
            ("DynamicQuantizeMatMul", "x large s", true, true),
            ("DynamicQuantizeLSTM", "x small large", true, true),
            ("DynamicQuantizeLSTM", "x small small", false, false),
            ("MatMul", "x large", false, false),
        ] {
            assert_eq!(may(&[], op, inputs, Sums::CutOff), in_rten, "{op} {inputs}");
            assert_eq!(may(&[], op, inputs, Sums::CutOffWhereMixed), in_onnxruntime, "{op} {inputs}");
        }
    }

    #[test]
    fn types_are_told_by_what_makes_the_bytes() {
        let may = |before: &[Vec<u8>], inputs: &str| may(before, "MatMulInteger", inputs, Sums::CutOffWhereMixed);
        assert!(!may(&[node("QuantizeLinear", "x s signed", "rows")], "rows large"));
        assert!(may(&[node("QuantizeLinear", "x s zero", "rows")], "rows large"));
        // Both sides are made of rows; those without a sign meet others so.
        assert!(!may(&[node("DynamicQuantizeLinear", "x", "made")], "x made zero"));
        assert!(may(&[node("QuantizeLinear", "x s signed", "made")], "x made zero"));
        assert!(may(&[node("Transpose", "large", "turned")], "x turned zero"));
        assert!(!may(&[node("Transpose", "small", "turned")], "x turned zero"));
    }

    #[test]
    fn floats_that_were_bytes_become_a_product_of_bytes_in_onnxruntime() {
        let of = |rows: &str, weight: &str, sums| {
            let before = [
                node(rows, "q s zero", "rows"),
                node("DequantizeLinear", &format!("{weight} s zero"), "floats"),
                node("Transpose", "floats", "turned"),
            ];
            may(&before, "Gemm", "rows turned", sums)
        };
        assert!(of("DequantizeLinear", "large", Sums::CutOffWhereMixed));
        assert!(!of("DequantizeLinear", "large", Sums::CutOff));
        for (rows, weight) in [("DequantizeLinear", "small"), ("DequantizeLinear", "full"), ("Relu", "large")] {
            assert!(!of(rows, weight, Sums::CutOffWhereMixed), "{rows} {weight}");
        }
    }

    /// In a graph inside an `If`, with weights of its own: an attribute's field 6.
    #[test]
    fn a_product_is_found_in_whatever_depth_and_named_in_one_line() {
        let of = |largest: u8| {
            let inside = [
                field(1, &node("MatMulInteger", "x own zero", "inner")),
                field(5, &stored("own", INT8, &[largest])),
                field(12, &field(1, b"inner")),
            ];
            let branch = field(5, &[field(1, b"then_branch"), field(6, &inside.concat())].concat());
            let graph = model(&[[node("If", "condition", "y"), branch].concat()]);
            graph.saturation(&["y".to_owned()], Sums::CutOff)
        };
        assert_eq!(of(64), None);
        assert_eq!(
            of(65).unwrap(),
            "sums of MatMulInteger (\"product\") may saturate at 16 bits on this processor, an x86-64 without VNNI, so that outputs may differ from those \
             on others; quantise with weights of 7 bits (weight_type=QInt8, reduce_range=True), or run on a processor with VNNI"
        );
    }
}
