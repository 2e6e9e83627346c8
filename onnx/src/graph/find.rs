//! Which tensors are the logits and the features, and the linear layer between them.
//!
//! What a file calls its outputs is no guide. **Logits**: from the first output up through what follows a classifier (`Identity`, `Cast`,
//! quantisation, a softmax, whole or in pieces, a sigmoid); what comes before the last of them is the logits, or the output itself where there is
//! none. **Features**: from there breadth-first to the nearest layer whose weights are constant; what it takes is the features. The guess is
//! checked on numbers: features · Wᵀ + b are the logits, or no head is written.

use std::collections::{HashSet, VecDeque};

use ndarray::{Array1, Array2, Axis, Ix2};
use oodbench::rows::Head;
use rten_onnx::onnx::NodeProto;

use super::candidates::candidates;
use super::model::Graph;
use super::walk::{attribute, input_of, op};
use crate::error::OnnxError;

/// The tensors that become arrays of a dump.
#[derive(Clone, Debug)]
pub struct Tensors {
    /// The logits.
    pub logits: String,
    /// Why they were taken.
    pub logits_because: String,
    /// The features, and further layers behind them.
    pub features: Vec<String>,
    /// Why the first was taken.
    pub features_because: String,
    /// The last layer, where its constants can be read; what it gives is checked before it is believed.
    pub head: Option<Head>,
}

impl Tensors {
    /// The logits, the features and further layers.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        std::iter::once(&self.logits).chain(&self.features).cloned().collect()
    }
}

/// A layer with constant weights.
struct Layer<'g> {
    node: &'g NodeProto,
    /// The nodes between it and the logits, from it on.
    behind: Vec<&'g NodeProto>,
}

impl Graph {
    /// Finds the tensors, but for those that are named.
    ///
    /// # Errors
    /// [`OnnxError::Content`] with a list of candidates where a name is of no tensor, or the rule finds nothing; for a model with functions of its own.
    pub fn find(&self, output: Option<&str>, logits: Option<&str>, features: &[String]) -> Result<Tensors, OnnxError> {
        // A layer inside one would be passed over, and an earlier one taken for the last.
        self.refuse_functions()?;
        for name in output.into_iter().chain(logits).chain(features.iter().map(String::as_str)) {
            if !self.knows(name) {
                let expected = format!("one of its tensors, such as {}", candidates(self));
                return Err(OnnxError::file(self.path(), format!("no tensor {name:?}"), expected, "correct the name"));
            }
        }
        let (logits, logits_because) = match logits {
            Some(name) => (name.to_owned(), "it was named".to_owned()),
            None => self.find_logits(output),
        };
        if features.contains(&logits) {
            let found = format!("the logits {logits:?} as features");
            let expected = format!("a tensor before them; candidates: {}", candidates(self));
            return Err(OnnxError::file(self.path(), found, expected, "name another with --features"));
        }
        let layer = self.layer(&logits);
        let head = layer.as_ref().and_then(|layer| self.head(layer));
        if !features.is_empty() {
            let features_because = "it was named".to_owned();
            return Ok(Tensors { logits, logits_because, features: features.to_vec(), features_because, head });
        }
        let refusal = |found: String| {
            let expected = format!("a linear layer with constant weights; candidates: {}", candidates(self));
            OnnxError::file(self.path(), found, expected, "name the tensors with --logits and --features")
        };
        let Some(layer) = layer else {
            return Err(refusal(match self.obstacle(&logits) {
                Some(obstacle) => format!("{obstacle} before the logits {logits:?}"),
                None => format!("no linear layer before {logits:?}"),
            }));
        };
        let taken = input_of(layer.node, 0).unwrap_or_default().to_owned();
        let features_because = format!("the first input of the nearest {} with constant weights", op(layer.node));
        Ok(Tensors { logits, logits_because, features: vec![taken], features_because, head })
    }

    /// Up from an output to the logits.
    fn find_logits(&self, named: Option<&str>) -> (String, String) {
        let output = named.unwrap_or(&self.outputs()[0]);
        let mut at = output;
        let mut found: Option<(&str, &str)> = None;
        // A loop in a damaged file would go round for ever.
        for _ in 0..self.graph.node.len() {
            let Some(node) = self.maker(at) else { break };
            let before = match op(node) {
                "Identity" | "Cast" | "QuantizeLinear" | "DequantizeLinear" => input_of(node, 0),
                "Softmax" | "LogSoftmax" | "Sigmoid" => {
                    let before = input_of(node, 0);
                    found = before.map(|before| (before, op(node))).or(found);
                    before
                }
                "Div" | "Mul" => {
                    let before = self.before_softmax_in_pieces(node);
                    found = before.map(|before| (before, "a softmax in pieces")).or(found);
                    before
                }
                _ => None,
            };
            let Some(before) = before else { break };
            at = before;
        }
        match found {
            Some((logits, through)) => {
                (logits.to_owned(), format!("it comes before {through}, from output {output:?} on"))
            }
            None => {
                let what = if named.is_some() { "it is the tensor of --output" } else { "it is the first output" };
                (output.to_owned(), format!("{what}, and no softmax was passed"))
            }
        }
    }

    /// What goes into `exp(x - max x) / sum exp(x - max x)`, as JAX and TensorFlow export a softmax.
    fn before_softmax_in_pieces<'g>(&'g self, node: &'g NodeProto) -> Option<&'g str> {
        let by = |tensor: &str, operator: &str| self.maker(tensor).filter(|node| op(node) == operator);
        let powers = input_of(node, 0)?;
        let divisor = match op(node) {
            "Div" => input_of(node, 1)?,
            _ => input_of(by(input_of(node, 1)?, "Reciprocal")?, 0)?,
        };
        let exponent = by(powers, "Exp")?;
        if input_of(by(self.before_shaping(divisor), "ReduceSum")?, 0)? != powers {
            return None;
        }
        let shifted = input_of(exponent, 0)?;
        let before = || {
            let shift = by(shifted, "Sub")?;
            let largest = by(self.before_shaping(input_of(shift, 1)?), "ReduceMax")?;
            input_of(shift, 0).filter(|before| input_of(largest, 0) == Some(before))
        };
        before().or(Some(shifted))
    }

    /// Up through what only brings a number per row into the shape of the rows; JAX also takes the larger of it and -inf.
    fn before_shaping<'g>(&'g self, tensor: &'g str) -> &'g str {
        let mut at = tensor;
        for _ in 0..self.graph.node.len() {
            let Some(node) = self.maker(at) else { break };
            let before = match op(node) {
                "Identity" | "Cast" | "Reshape" | "Expand" | "Squeeze" | "Unsqueeze" => input_of(node, 0),
                "Max" => node.input.iter().map(String::as_str).find(|name| !self.is_constant(name)),
                _ => None,
            };
            let Some(before) = before else { break };
            at = before;
        }
        at
    }

    /// Breadth-first up to the nearest layer.
    fn layer(&self, logits: &str) -> Option<Layer<'_>> {
        let mut seen = HashSet::new();
        let mut open = VecDeque::from([(logits, Vec::new())]);
        while let Some((tensor, behind)) = open.pop_front() {
            let Some(at) = self.makers.get(tensor).copied().filter(|at| seen.insert(*at)) else { continue };
            let node = &self.graph.node[at];
            if self.is_layer(node) {
                return Some(Layer { node, behind: behind.into_iter().rev().collect() });
            }
            if is_obstacle(node) {
                return None;
            }
            let path: Vec<&NodeProto> = behind.into_iter().chain([node]).collect();
            // Longer ways are no heads, and each of many nodes would keep its own.
            if path.len() <= 32 {
                open.extend(node.input.iter().map(|input| (input.as_str(), path.clone())));
            }
        }
        None
    }

    /// The first operator from the logits up whose weights cannot be taken for a head.
    fn obstacle(&self, logits: &str) -> Option<&str> {
        let mut seen = HashSet::new();
        let mut open = VecDeque::from([logits]);
        while let Some(tensor) = open.pop_front() {
            let Some(at) = self.makers.get(tensor).copied().filter(|at| seen.insert(*at)) else { continue };
            let node = &self.graph.node[at];
            if is_obstacle(node) {
                return Some(op(node));
            }
            open.extend(node.input.iter().map(String::as_str));
        }
        None
    }

    fn is_layer(&self, node: &NodeProto) -> bool {
        let flag = |name: &str| attribute(node, name).and_then(|attribute| attribute.i).unwrap_or(0) != 0;
        let Some(weight) = input_of(node, 1) else { return false };
        match op(node) {
            "Gemm" => !flag("transA") && self.is_constant(weight) && !self.is_constant(&node.input[0]),
            "MatMul" => self.is_constant(weight) && !self.is_constant(&node.input[0]),
            "Conv" => self.constant(weight).is_some_and(|weight| matches!(weight.shape(), [_, _, 1, 1])),
            _ => false,
        }
    }

    /// The constants of a layer as a linear head.
    fn head(&self, layer: &Layer<'_>) -> Option<Head> {
        let node = layer.node;
        let number = |name: &str| f64::from(attribute(node, name).and_then(|attribute| attribute.f).unwrap_or(1.0));
        let weight = self.constant(input_of(node, 1)?)?;
        let bias = |at: usize| {
            input_of(node, at).map(|name| self.constant(name).map(|bias| bias.iter().copied().collect::<Vec<_>>()))
        };
        let transposed = attribute(node, "transB").and_then(|attribute| attribute.i).unwrap_or(0) != 0;
        let (weight, mut bias): (Array2<f64>, Option<Vec<f64>>) = match op(node) {
            "Gemm" => {
                let weight = weight.into_dimensionality::<Ix2>().ok()? * number("alpha");
                let bias =
                    bias(2).map(|bias| bias.map(|bias| bias.iter().map(|value| value * number("beta")).collect()));
                (if transposed { weight } else { weight.reversed_axes() }, bias.unwrap_or(Some(Vec::new())))
            }
            "Conv" => {
                let weight = weight.index_axis_move(Axis(3), 0).index_axis_move(Axis(2), 0);
                (weight.into_dimensionality::<Ix2>().ok()?, bias(2).unwrap_or(Some(Vec::new())))
            }
            _ => (weight.into_dimensionality::<Ix2>().ok()?.reversed_axes(), Some(Vec::new())),
        };
        // MatMul and Add, as TensorFlow and PaddlePaddle write a layer.
        if let Some(add) = layer.behind.first().filter(|node| op(node) == "Add") {
            let other = add.input.iter().find(|name| !node.output.contains(name))?;
            let added: Vec<f64> = self.constant(other)?.iter().copied().collect();
            bias = bias.and_then(|bias| sum(bias, added));
        }
        let classes = weight.nrows();
        let bias = match bias? {
            none if none.is_empty() => Array1::zeros(classes),
            one if one.len() == 1 => Array1::from_elem(classes, one[0]),
            bias if bias.len() == classes => Array1::from(bias),
            _ => return None,
        };
        let weight = weight.as_standard_layout().into_owned();
        (weight.iter().chain(&bias).all(|value| value.is_finite())).then_some(Head::Linear { weight, bias })
    }
}

fn sum(bias: Vec<f64>, added: Vec<f64>) -> Option<Vec<f64>> {
    match bias.is_empty() {
        true => Some(added),
        false => (bias.len() == added.len()).then(|| bias.iter().zip(&added).map(|(one, other)| one + other).collect()),
    }
}

/// Operators that hide a layer: their numbers are integers, or a graph inside.
fn is_obstacle(node: &NodeProto) -> bool {
    matches!(
        op(node),
        "MatMulInteger"
            | "MatMulIntegerToFloat"
            | "DynamicQuantizeMatMul"
            | "ConvInteger"
            | "QLinearMatMul"
            | "QLinearConv"
            | "QGemm"
            | "If"
            | "Loop"
            | "Scan"
    )
}
