//! Integers of 64 bits, which the runtime clamps to 32.

use std::collections::{HashMap, HashSet};

use rten_onnx::onnx::{DataType, NodeProto};

use super::model::Graph;
use super::tensor::numbers;
use super::walk::{attribute, input_of, op};

/// A factor above it makes a number of more than 32 bits of another one above it.
const SMALL_FACTOR: f64 = 46_340.0;

/// Who takes a tensor, and as which input.
pub(super) type Takers<'g> = HashMap<&'g str, Vec<(&'g NodeProto, usize)>>;

/// Who takes which tensor.
pub(super) fn takers<'g>(nodes: impl Iterator<Item = &'g NodeProto>) -> Takers<'g> {
    let mut takers = Takers::new();
    for node in nodes {
        for (at, tensor) in node.input.iter().enumerate().filter(|(_, tensor)| !tensor.is_empty()) {
            takers.entry(tensor).or_default().push((node, at));
        }
    }
    takers
}

impl Graph {
    /// What would be clamped at this node, in words.
    pub(super) fn wide_integer(&self, node: &NodeProto, takers: &Takers<'_>) -> Option<String> {
        for (at, tensor) in node.input.iter().enumerate() {
            let Some(largest) = self.largest_wide(tensor) else { continue };
            if largest > f64::from(i32::MAX) && !is_bound(node, at, takers, &mut HashSet::new()) {
                return Some(format!("the integer constant {tensor:?} with {largest}"));
            }
            if op(node) == "Mul" && largest > SMALL_FACTOR {
                let other = node.input.iter().find(|other| *other != tensor)?;
                if self.depends_on_rows(other) {
                    return Some(format!("an integer product of what is fed and {largest}"));
                }
            }
        }
        None
    }

    /// The largest number without its sign of a constant of wide integers.
    fn largest_wide(&self, tensor: &str) -> Option<f64> {
        let largest =
            |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |most: f64, value| most.max(value.abs()));
        if let Some(stored) = self.stored(tensor) {
            let is_wide = matches!(stored.data_type, Some(DataType::INT64 | DataType::UINT64 | DataType::UINT32));
            let values = is_wide.then(|| numbers(self.external(), stored)).flatten()?;
            return Some(largest(&mut values.iter().copied()));
        }
        let node = self.maker(tensor).filter(|node| op(node) == "Constant")?;
        let one = attribute(node, "value_int").and_then(|attribute| attribute.i);
        let several = attribute(node, "value_ints").map(|attribute| &attribute.ints[..]).unwrap_or_default();
        Some(largest(&mut one.iter().chain(several).map(|&value| value as f64)))
    }

    /// Whether a tensor is made of what the model is fed, beyond its shape.
    fn depends_on_rows(&self, tensor: &str) -> bool {
        let mut seen = HashSet::new();
        let mut open = vec![tensor];
        while let Some(tensor) = open.pop() {
            if self.inputs().iter().any(|input| input.name == tensor) {
                return true;
            }
            let node = self.maker(tensor).filter(|node| !matches!(op(node), "Shape" | "Size"));
            if let Some(node) = node.filter(|_| seen.insert(tensor)) {
                open.extend(node.input.iter().map(String::as_str));
            }
        }
        false
    }
}

/// Whether a number is a bound that clamping leaves the same: exporters write the largest one for "to the end" of a slice.
fn is_bound<'g>(node: &'g NodeProto, at: usize, takers: &Takers<'g>, seen: &mut HashSet<&'g str>) -> bool {
    match op(node) {
        "Slice" | "Clip" => matches!(at, 1 | 2),
        "Identity" | "Concat" | "Unsqueeze" | "Squeeze" | "Reshape" | "Cast" | "Gather" => {
            let output = node.output.first().map(String::as_str).unwrap_or_default();
            let is_same = op(node) != "Cast" || attribute(node, "to").and_then(|to| to.i) == Some(7);
            is_same
                && input_of(node, at).is_some()
                && seen.insert(output)
                && takers.get(output).is_some_and(|takers_of| {
                    takers_of.iter().all(|(node, at)| seen.len() < 64 && is_bound(node, *at, takers, seen))
                })
        }
        _ => false,
    }
}
