//! PyTorch's values (fixtures/train/reference.safetensors, written by make_reference.py with torch
//! 2.11.0), comparisons, and finite differences.

use candle_core::{Device, Tensor};
use std::collections::HashMap;

pub(crate) struct Reference(HashMap<String, Tensor>);

impl Reference {
    pub(crate) fn load() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/train/reference.safetensors");
        Self(candle_core::safetensors::load(path, &Device::Cpu).unwrap())
    }

    pub(crate) fn get(&self, name: &str) -> Tensor {
        self.0[name].clone()
    }
}

pub(crate) fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Equal shapes, and |a − b| ≤ tolerance · max(1, |b|) everywhere; a NaN is a difference.
pub(crate) fn assert_close(what: &str, found: &Tensor, expected: &Tensor, tolerance: f32) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    for (i, (a, b)) in values(found).iter().zip(values(expected)).enumerate() {
        let close = (a - b).abs() <= tolerance * b.abs().max(1.0);
        assert!(close, "{what}[{i}]: {a} is not {b}");
    }
}

/// The gradient of `f` at `x` by central differences, in f64 from f32 values.
pub(crate) fn finite_differences(x: &Tensor, step: f32, f: impl Fn(&Tensor) -> f32) -> Tensor {
    let start = values(x);
    let gradient: Vec<f32> = (0..start.len())
        .map(|i| {
            let at = |delta: f32| {
                let mut moved = start.clone();
                moved[i] += delta;
                f64::from(f(&Tensor::from_vec(moved, x.dims(), &Device::Cpu).unwrap()))
            };
            ((at(step) - at(-step)) / (2.0 * f64::from(step))) as f32
        })
        .collect();
    Tensor::from_vec(gradient, x.dims(), &Device::Cpu).unwrap()
}
