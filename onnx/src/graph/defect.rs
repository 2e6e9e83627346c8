//! What the runtime in pure Rust computes wrongly without saying so, and therefore is refused.
//!
//! | defect of rten 0.27 | refused where |
//! |---|---|
//! | `ConvInteger` is wrong with padding and without | always, but for stored kernels of one pixel with steps of 1 and no padding: these were right |
//! | `MatMulInteger` gets the zero point of signed factors wrong | it is not known to be 0 or of unsigned ones |
//! | `LSTM` and `GRU` run over all steps, whatever `sequence_lens` says | it is there |
//! | `Softmax` and `LogSoftmax` before opset 13 run over the last axis; the old default is axis 1 with all behind it | not known to be the same |
//! | `auto_pad=SAME_LOWER` is taken for `SAME_UPPER`: the odd pixel of padding is on the other side | the padding may be odd |
//! | `Cast` and `CastLike` to truth values cut off: 0.5 becomes 0 instead of 1, and 2 stays 2 | not known to be the same |
//! | `Resize` with `mode=cubic` is linear | always |
//! | integers of 64 bits are clamped to 32 | a constant is larger and no bound of a slice; a product of what is fed with a factor above 46340 |
//!
//! Not refused, as networks have them and lose digits alone: DOUBLE and half precision are computed in single precision. What a `Cast` to INT64 makes of floats is clamped
//! to 32 bits too, which nobody can tell from the graph.
//!
//! Refused in any runtime: operators whose numbers are random, `Dropout` with `training_mode` among them, as nobody could check the dump; and what
//! [`neighbours`](super::neighbours) lists.

use rten_onnx::onnx::NodeProto;

use super::kind::Element;
use super::model::Graph;
use super::refusal::Refusal;
use super::walk::{attribute, graphs, input_of, op};
use super::wide::{Takers, takers};
use crate::error::OnnxError;

/// The first opset whose softmax runs over one axis, the last by default.
const SOFTMAX_OF_ONE_AXIS: i64 = 13;

/// The input of a recurrent layer that says how many steps each row has.
const LENGTHS: usize = 4;

/// What is computed rightly instead of some integer operators.
const QUANTISED: &str = "a float model or one quantised with QuantizeLinear and DequantizeLinear";

impl Graph {
    /// Refuses a model of which these tensors would be wrong.
    ///
    /// # Errors
    /// [`OnnxError::Content`], which names the operator and what else to do.
    pub fn refuse_defects(&self, tensors: &[String]) -> Result<(), OnnxError> {
        self.refuse_in_any_runtime(tensors)?;
        let nodes = self.nodes_of(tensors);
        let takers = takers(nodes.iter().copied());
        self.refused(nodes.iter().find_map(|node| self.defect(node, &takers)))
    }

    /// Refuses a model of which these tensors would be others at each run or beside other rows, whatever runs it.
    ///
    /// # Errors
    /// As [`refuse_defects`](Self::refuse_defects).
    pub fn refuse_in_any_runtime(&self, tensors: &[String]) -> Result<(), OnnxError> {
        self.refuse_functions()?;
        let nodes = self.nodes_of(tensors);
        self.refused(nodes.iter().find_map(|node| self.random(node).or_else(|| self.batch_statistics(node))))
    }

    fn refused(&self, refusal: Option<Refusal>) -> Result<(), OnnxError> {
        refusal.map_or(Ok(()), |refusal| Err(refusal.error(self.path())))
    }

    /// The nodes that tensors are made by, and those of graphs inside them.
    pub(super) fn nodes_of(&self, tensors: &[String]) -> Vec<&NodeProto> {
        let mut nodes = Vec::new();
        for at in self.ancestors(tensors) {
            let node = &self.graph.node[at];
            let inside = node.attribute.iter().filter_map(|attribute| attribute.g.as_ref());
            nodes.push(node);
            nodes.extend(inside.flat_map(graphs).flat_map(|graph| &graph.node));
        }
        nodes
    }

    fn defect(&self, node: &NodeProto, takers: &Takers<'_>) -> Option<Refusal> {
        let name = node.name.as_deref().unwrap_or_default();
        let refusal = |found: String, expected: &str, remedy| Refusal { found, expected: expected.to_owned(), remedy };
        if let Some(found) = self.wide_integer(node, takers) {
            let found = format!("{found} ({name:?}), which rten clamps to 32 bits");
            return Some(refusal(found, "integers of 32 bits", "compute it outside of the model"));
        }
        if is_same_lower(node) && self.pads_unevenly(node) {
            let found = format!("{} with auto_pad SAME_LOWER ({name:?}), which rten takes for SAME_UPPER", op(node));
            return Some(refusal(found, "pads in numbers", "export it with explicit padding"));
        }
        match op(node) {
            "ConvInteger" if !self.is_of_pixels(node) => Some(refusal(
                format!(
                    "ConvInteger of more than a pixel, or with steps, groups or padding ({name:?}), which rten computes wrongly"
                ),
                QUANTISED,
                "export it so",
            )),
            "MatMulInteger" if self.has_signed_zero_point(node) => Some(refusal(
                format!("MatMulInteger with a zero point of signed weights ({name:?}), which rten computes wrongly"),
                QUANTISED,
                "export it so, or quantise the weights symmetrically or without a sign",
            )),
            "LSTM" | "GRU" if input_of(node, LENGTHS).is_some() => Some(refusal(
                format!("{} with sequence_lens ({name:?}), which rten does not heed", op(node)),
                "one that runs over all steps",
                "export it without lengths, for rows of one length",
            )),
            "Softmax" | "LogSoftmax" if self.opset < SOFTMAX_OF_ONE_AXIS && !self.is_over_last_axis(node) => {
                let found = format!(
                    "{} of opset {} ({name:?}) inside the network that may run over several axes, which rten takes for the last",
                    op(node),
                    self.opset
                );
                let expected = format!("opset {SOFTMAX_OF_ONE_AXIS} or later");
                Some(refusal(found, &expected, "convert it with onnx.version_converter"))
            }
            "Cast" | "CastLike" if self.cuts_off(node, takers) => Some(refusal(
                format!(
                    "{} to truth values ({name:?}) of numbers that may be others than 0 and 1, which rten cuts off",
                    op(node)
                ),
                "a comparison, x != 0",
                "export it so",
            )),
            "Resize" | "Upsample" if text(node, "mode").is_some_and(|mode| mode.contains("cubic")) => Some(refusal(
                format!("{} with mode cubic ({name:?}), which rten computes as linear", op(node)),
                "mode linear or nearest",
                "resize outside of the model",
            )),
            _ => None,
        }
    }

    fn random(&self, node: &NodeProto) -> Option<Refusal> {
        let name = node.name.as_deref().unwrap_or_default();
        let (what, remedy) = match op(node) {
            "Dropout" if self.may_train(node) => ("Dropout with training_mode", "export it after model.eval()"),
            operator @ ("RandomNormal" | "RandomNormalLike" | "RandomUniform" | "RandomUniformLike" | "Multinomial"
            | "Bernoulli") => (operator, "name tensors before it, or export it without noise"),
            _ => return None,
        };
        let found = format!("{what} ({name:?}), which gives other numbers at each run");
        Some(Refusal { found, expected: "a model for inference".to_owned(), remedy })
    }

    /// Whether the old and the new softmax are the same: over two dimensions, or over the last axis by name.
    fn is_over_last_axis(&self, node: &NodeProto) -> bool {
        let rank = input_of(node, 0).and_then(|tensor| self.rank(tensor));
        let axis = attribute(node, "axis").and_then(|attribute| attribute.i).unwrap_or(1);
        axis == -1 || rank.is_some_and(|rank| axis + 1 == rank as i64)
    }

    /// Whether a convolution or pooling may be padded by an odd number. With steps above 1 that depends on the image.
    fn pads_unevenly(&self, node: &NodeProto) -> bool {
        let ints = |name: &str| attribute(node, name).map(|attribute| attribute.ints.clone()).unwrap_or_default();
        let mut kernel = ints("kernel_shape");
        if kernel.is_empty() {
            let weight = input_of(node, 1).and_then(|weight| self.stored(weight));
            kernel = weight.and_then(|weight| weight.dims.get(2..)).unwrap_or_default().to_vec();
        }
        let dilations = ints("dilations");
        let span = |(at, length): (usize, &i64)| (length - 1).wrapping_mul(dilations.get(at).copied().unwrap_or(1));
        op(node) == "ConvTranspose"
            || kernel.is_empty()
            || ints("strides").iter().any(|step| *step != 1)
            || kernel.iter().enumerate().map(span).any(|span| span % 2 != 0)
    }

    /// Whether a cast to truth values may meet others than 0 and 1, and its takers would see it.
    fn cuts_off(&self, node: &NodeProto, takers: &Takers<'_>) -> bool {
        if !self.makes_truth(node) {
            return false;
        }
        match input_of(node, 0).and_then(|tensor| self.element(tensor)) {
            Some(Element::Truth) => false,
            // Integers stay what they are, and these take all but 0 for true.
            Some(Element::Integer) => {
                let taken = node.output.first().and_then(|output| takers.get(output.as_str()));
                let is_test = |(node, at): &(&NodeProto, usize)| match op(node) {
                    "Where" | "If" => *at == 0,
                    "Not" | "And" | "Or" | "Xor" => true,
                    _ => false,
                };
                !taken.is_some_and(|taken| taken.iter().all(is_test))
            }
            Some(Element::Float) | None => true,
        }
    }

    /// Whether a cast makes truth values, or may: `CastLike` has the type of another tensor.
    fn makes_truth(&self, node: &NodeProto) -> bool {
        if op(node) == "Cast" {
            return attribute(node, "to").and_then(|to| to.i) == Some(9);
        }
        let like = input_of(node, 1);
        match like.and_then(|like| self.element(like)) {
            Some(Element::Float) => false,
            // Inputs of truth values count as integers.
            Some(Element::Integer) => self.inputs().iter().any(|input| Some(&*input.name) == like),
            Some(Element::Truth) | None => true,
        }
    }

    /// Whether a convolution works on each pixel alone, by a kernel that is stored.
    fn is_of_pixels(&self, node: &NodeProto) -> bool {
        let ones = |name: &str| attribute(node, name).is_none_or(|steps| steps.ints.iter().all(|step| *step == 1));
        let kernel = input_of(node, 1).and_then(|weight| self.stored(weight)).and_then(|kernel| kernel.dims.get(2..));
        kernel.is_some_and(|kernel| !kernel.is_empty() && kernel.iter().all(|side| *side == 1))
            && ones("strides")
            && ones("dilations")
            && attribute(node, "group").and_then(|group| group.i).unwrap_or(1) == 1
            && !pads(node)
    }

    /// Whether the zero point of the second factor may be of signed numbers and another than 0.
    fn has_signed_zero_point(&self, node: &NodeProto) -> bool {
        let Some(zero) = input_of(node, 3) else { return false };
        let is_zero = || self.constant(zero).is_some_and(|zero| zero.iter().all(|value| *value == 0.0));
        !self.is_unsigned_byte(zero) && !is_zero()
    }

    /// Whether a dropout may drop: its third input is not known to be false.
    fn may_train(&self, node: &NodeProto) -> bool {
        let Some(mode) = input_of(node, 2) else { return false };
        !self.constant(mode).is_some_and(|mode| mode.iter().all(|value| *value == 0.0))
    }
}

fn text<'a>(node: &'a NodeProto, name: &str) -> Option<&'a str> {
    attribute(node, name).and_then(|attribute| attribute.s.as_deref())
}

fn is_same_lower(node: &NodeProto) -> bool {
    text(node, "auto_pad") == Some("SAME_LOWER")
}

fn pads(node: &NodeProto) -> bool {
    let explicit = attribute(node, "pads").is_some_and(|pads| pads.ints.iter().any(|pad| *pad != 0));
    explicit || text(node, "auto_pad").is_some_and(|name| name.starts_with("SAME"))
}
