//! Constants behind the operators that exporters leave around them.

use ndarray::{ArrayD, Axis, IxDyn};

use super::model::Graph;
use super::tensor::numbers;
use super::walk::{attribute, input_of, op};

/// No exporter puts more operators around a weight. Those of one constant are counted together: a tensor that a node takes twice is looked at twice.
const MOST_STEPS: usize = 16;

impl Graph {
    /// Whether a tensor does not depend on the inputs, as far as it is looked at.
    pub(super) fn is_constant(&self, tensor: &str) -> bool {
        let mut tensor = tensor;
        for _ in 0..MOST_STEPS {
            if self.stored(tensor).is_some() {
                return true;
            }
            let Some(node) = self.maker(tensor) else { return false };
            let passes = matches!(op(node), "Identity" | "Cast" | "Reshape" | "Transpose" | "DequantizeLinear");
            let Some(first) = input_of(node, 0).filter(|_| passes) else { return false };
            tensor = first;
        }
        false
    }

    /// The numbers of a constant; `None` where they cannot be told.
    pub(super) fn constant(&self, tensor: &str) -> Option<ArrayD<f64>> {
        self.constant_within(tensor, &mut MOST_STEPS.clone())
    }

    fn constant_within(&self, tensor: &str, steps: &mut usize) -> Option<ArrayD<f64>> {
        if let Some(stored) = self.stored(tensor) {
            return numbers(self.external(), stored);
        }
        let node = self.maker(tensor)?;
        *steps = steps.checked_sub(1)?;
        let mut of = |at: usize| self.constant_within(input_of(node, at)?, steps);
        let array = of(0)?;
        match op(node) {
            "Identity" | "Cast" => Some(array),
            "Transpose" => {
                let turned: Vec<usize> = match attribute(node, "perm") {
                    Some(turned) => {
                        turned.ints.iter().map(|&axis| usize::try_from(axis).ok()).collect::<Option<_>>()?
                    }
                    None => (0..array.ndim()).rev().collect(),
                };
                let mut sorted = turned.clone();
                sorted.sort_unstable();
                sorted.iter().copied().eq(0..array.ndim()).then(|| array.permuted_axes(IxDyn(&turned)))
            }
            "Reshape" => {
                let wanted: Vec<i64> = of(1)?.iter().map(|&axis| axis as i64).collect();
                reshape(array, &wanted)
            }
            "DequantizeLinear" => {
                let scale = of(1)?;
                let zero = if input_of(node, 2).is_some() { of(2)? } else { ArrayD::zeros(scale.raw_dim()) };
                let axis = attribute(node, "axis").and_then(|attribute| attribute.i).unwrap_or(1);
                let axis = usize::try_from(if axis < 0 { axis + array.ndim() as i64 } else { axis }).ok()?;
                dequantize(array, &scale, &zero, axis)
            }
            _ => None,
        }
    }
}

/// ONNX's reshape: 0 keeps an axis, -1 takes what is left.
fn reshape(array: ArrayD<f64>, wanted: &[i64]) -> Option<ArrayD<f64>> {
    let kept = |(at, &axis): (usize, &i64)| match axis {
        0 => array.shape().get(at).copied(),
        -1 => Some(1),
        _ => usize::try_from(axis).ok(),
    };
    let mut shape: Vec<usize> = wanted.iter().enumerate().map(kept).collect::<Option<_>>()?;
    if let Some(open) = wanted.iter().position(|&axis| axis == -1) {
        let known = shape.iter().try_fold(1_usize, |n, &axis| n.checked_mul(axis))?;
        shape[open] = array.len().checked_div(known)?;
    }
    let array = array.as_standard_layout().into_owned();
    array.into_shape_with_order(IxDyn(&shape)).ok()
}

/// (x - zero) · scale, of all numbers or along an axis.
fn dequantize(mut array: ArrayD<f64>, scale: &ArrayD<f64>, zero: &ArrayD<f64>, axis: usize) -> Option<ArrayD<f64>> {
    if scale.len() != zero.len() {
        return None;
    }
    let pairs: Vec<(f64, f64)> = scale.iter().copied().zip(zero.iter().copied()).collect();
    match pairs[..] {
        [(scale, zero)] => array.mapv_inplace(|value| (value - zero) * scale),
        _ if axis < array.ndim() && array.len_of(Axis(axis)) == pairs.len() => {
            for (mut lane, (scale, zero)) in array.axis_iter_mut(Axis(axis)).zip(pairs) {
                lane.mapv_inplace(|value| (value - zero) * scale);
            }
        }
        _ => return None,
    }
    Some(array)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::made::field;
    use crate::outputs::push_bytes;
    use ndarray::array;
    use std::path::Path;

    /// A model of a stored number `w0`; each of so many operators takes the one before three times.
    fn taken_thrice(levels: usize) -> Graph {
        let stored = [vec![2 << 3, 1], field(8, b"w0"), field(9, &1.0_f32.to_le_bytes())].concat();
        let mut graph = field(5, &stored);
        for at in 0..levels {
            let (before, after) = (field(1, format!("w{at}").as_bytes()), format!("w{}", at + 1));
            let node = [before.repeat(3), field(2, after.as_bytes()), field(4, b"DequantizeLinear")].concat();
            push_bytes(&mut graph, 1, &node);
        }
        // A float tensor (n).
        let of_type = field(2, &field(1, &[vec![8, 1], field(2, &field(1, &field(2, b"n")))].concat()));
        push_bytes(&mut graph, 11, &[field(1, b"x"), of_type].concat());
        push_bytes(&mut graph, 12, &field(1, b"x"));
        Graph::parse(Path::new("a.onnx"), field(7, &graph)).unwrap()
    }

    /// Looked at along each way, 20 operators would be looked at more than a thousand million times.
    #[test]
    fn steps_are_counted_over_all_ways() {
        // 1 + 3 + 9 and 1 + 3 + 9 + 27 steps.
        assert_eq!(taken_thrice(3).constant("w3"), Some(ndarray::arr0(0.0).into_dyn()));
        for levels in [4, 20] {
            assert_eq!(taken_thrice(levels).constant(&format!("w{levels}")), None);
        }
    }

    #[test]
    fn a_shape_is_kept_filled_or_refused() {
        let array = || ArrayD::from_shape_vec(IxDyn(&[2, 6]), (0..12).map(f64::from).collect()).unwrap();
        assert_eq!(reshape(array(), &[0, 3, -1]).unwrap().shape(), [2, 3, 2]);
        assert!(reshape(array(), &[5, -1]).is_none());
        assert!(reshape(array(), &[-1, 0, 0]).is_none());
    }

    #[test]
    fn eight_bits_are_scaled_along_their_axis() {
        let array = array![[1.0, 2.0], [3.0, 4.0]].into_dyn();
        let (scale, zero) = (array![0.5, 2.0].into_dyn(), array![1.0, 0.0].into_dyn());
        assert_eq!(dequantize(array.clone(), &scale, &zero, 1).unwrap(), array![[0.0, 4.0], [1.0, 8.0]].into_dyn());
        assert_eq!(dequantize(array.clone(), &scale, &zero, 0).unwrap(), array![[0.0, 0.5], [6.0, 8.0]].into_dyn());
        assert!(dequantize(array, &scale, &zero, 2).is_none());
    }
}
