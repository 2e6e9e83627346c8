//! What numbers a tensor has and how many dimensions, as its operators make it. What a file declares of inner tensors is not believed.

use rten_onnx::onnx::{DataType, ValueInfoProto};

use super::input::Kind;
use super::model::Graph;
use super::walk::{attribute, input_of, nodes, op, tensors};

/// What a `Cast` to half precision says of its type.
const HALF: i64 = 10;

/// No chain of operators is followed farther.
const MOST_STEPS: usize = 256;

/// Numbers of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Float,
    Integer,
    /// 0 or 1.
    Truth,
}

fn of_type(element: i64) -> Element {
    match element {
        9 => Element::Truth,
        1 | 10 | 11 | 16 => Element::Float,
        _ => Element::Integer,
    }
}

impl Graph {
    /// Whether some numbers are of half precision: stored, fed or cast so.
    pub(crate) fn has_half(&self) -> bool {
        tensors(&self.graph).any(|tensor| tensor.data_type == Some(DataType::FLOAT16))
            || self.inputs().iter().any(|input| self.is_fed_half(&input.name))
            || nodes(&self.graph)
                .any(|node| op(node) == "Cast" && attribute(node, "to").and_then(|to| to.i) == Some(HALF))
    }

    /// Whether an input takes numbers of half precision.
    pub(crate) fn is_fed_half(&self, input: &str) -> bool {
        let is_it = |value: &&ValueInfoProto| value.name.as_deref() == Some(input);
        let tensor = self.graph.input.iter().find(is_it).and_then(|value| value.r#type.as_ref()?.tensor_type.as_ref());
        tensor.is_some_and(|tensor| tensor.elem_type == Some(DataType::FLOAT16))
    }

    /// The numbers of a tensor; `None` where the operators do not tell.
    pub(super) fn element(&self, tensor: &str) -> Option<Element> {
        let mut tensor = tensor;
        for _ in 0..MOST_STEPS {
            if let Some(stored) = self.stored(tensor) {
                return stored.data_type.map(|element| match element {
                    DataType::BOOL => Element::Truth,
                    DataType::FLOAT | DataType::DOUBLE | DataType::FLOAT16 | DataType::BFLOAT16 => Element::Float,
                    _ => Element::Integer,
                });
            }
            if let Some(input) = self.inputs().iter().find(|input| input.name == tensor) {
                return Some(if input.kind == Kind::Float { Element::Float } else { Element::Integer });
            }
            let node = self.maker(tensor)?;
            let number = |name: &str| attribute(node, name).and_then(|attribute| attribute.i);
            let before = match op(node) {
                "Cast" => return number("to").map(of_type),
                "Equal" | "Greater" | "Less" | "GreaterOrEqual" | "LessOrEqual" | "And" | "Or" | "Xor" | "Not"
                | "IsNaN" | "IsInf" => return Some(Element::Truth),
                "Shape" | "Size" | "ArgMax" | "ArgMin" | "NonZero" => return Some(Element::Integer),
                "Identity" | "Reshape" | "Squeeze" | "Unsqueeze" | "Slice" | "Expand" | "Transpose" | "Gather"
                | "GatherElements" | "Concat" | "Flatten" | "Tile" | "CumSum" | "Split" | "Range" | "Pad"
                | "ReduceMax" | "ReduceMin" | "ReduceSum" | "Add" | "Sub" | "Mul" | "Min" | "Max" | "Abs" => 0,
                "Where" | "CastLike" => 1,
                _ => return None,
            };
            // A sum of truth values is a count, and is computed as one.
            tensor = input_of(node, before)?;
        }
        None
    }

    /// Whether a tensor is known to be of 8 bits without a sign: stored or fed so, or quantised from the largest and smallest number.
    pub(super) fn is_unsigned_byte(&self, tensor: &str) -> bool {
        match self.stored(tensor) {
            Some(stored) => stored.data_type == Some(DataType::UINT8),
            None => {
                self.inputs().iter().any(|input| input.name == tensor && input.kind == Kind::Byte)
                    || self.maker(tensor).is_some_and(|node| op(node) == "DynamicQuantizeLinear")
            }
        }
    }

    /// Dimensions of a tensor; `None` where the operators do not tell.
    pub(super) fn rank(&self, tensor: &str) -> Option<usize> {
        self.rank_within(tensor, &mut MOST_STEPS.clone())
    }

    fn rank_within(&self, tensor: &str, steps: &mut usize) -> Option<usize> {
        *steps = steps.checked_sub(1)?;
        if let Some(stored) = self.stored(tensor) {
            return Some(stored.dims.len());
        }
        // Rows are refused that have other dimensions than an input says.
        if let Some(input) = self.inputs().iter().find(|input| input.name == tensor) {
            return Some(input.axes.len()).filter(|rank| *rank > 0);
        }
        let node = self.maker(tensor)?;
        let mut of = |at: usize| self.rank_within(input_of(node, at)?, steps);
        match op(node) {
            "Gemm" | "Flatten" => Some(2),
            "Relu" | "Identity" | "Cast" | "Dropout" | "Sigmoid" | "Tanh" | "LeakyRelu" | "Elu" | "Selu" | "Erf"
            | "Gelu" | "Exp" | "Log" | "Neg" | "Abs" | "Sqrt" | "Clip" | "Softmax" | "LogSoftmax" | "Transpose"
            | "Conv" | "MaxPool" | "AveragePool" | "GlobalAveragePool" | "GlobalMaxPool" | "BatchNormalization" => {
                of(0)
            }
            "Add" | "Sub" | "Mul" | "Div" => Some(of(0)?.max(of(1)?)),
            "MatMul" => {
                let (one, other) = (of(0)?, of(1)?);
                (one >= 2 && other >= 2).then_some(one.max(other))
            }
            "Reshape" => Some(self.constant(input_of(node, 1)?)?.len()),
            _ => None,
        }
    }
}
