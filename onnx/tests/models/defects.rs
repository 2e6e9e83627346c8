//! What rten computes wrongly in silence is refused; each refusal is still needed.

use std::collections::BTreeMap;

use oodbench_onnx::graph::Graph;
use oodbench_onnx::rten::Rten;
use oodbench_onnx::runtime::{ModelBytes, Runtime};
use oodbench_onnx::source::Source;

use crate::common::{Archive, Asked, fixture, numbers, run};

/// The largest difference from onnxruntime where nothing is refused.
fn apart_unguarded(name: &str) -> f64 {
    let (model, archive) = (fixture(&format!("{name}.onnx")), fixture(&format!("{name}.npz")));
    let graph = Graph::read(&model).unwrap();
    let rows = Archive::open(&archive, &graph);
    let bytes = ModelBytes { model: std::fs::read(&model).unwrap(), external: BTreeMap::new() };
    let runtime = Rten::load(bytes, 1).unwrap();
    // Whole batches of four, for the model that takes no others.
    let (_, reference) = numbers(&archive, "out:logits");
    let columns = reference.len() / rows.rows();
    let mut apart = 0.0_f64;
    for start in [0, 4] {
        let inputs = rows.batch(start..start + 4).unwrap();
        let logits = runtime.run(inputs, &["logits".to_owned()]).unwrap().remove(0);
        let reference = &reference[start * columns..(start + 4) * columns];
        for (one, other) in logits.iter().zip(reference) {
            apart = apart.max((f64::from(*one) - other).abs());
        }
    }
    apart
}

#[test]
fn padded_integer_convolutions_are_wrong_and_refused() {
    assert!(apart_unguarded("conv_integer_padded") > 0.1, "rten is right now: drop the refusal");
    let error = run(&fixture("conv_integer_padded.onnx"), &fixture("conv_integer_padded.npz"), &Asked::default());
    let error = error.err().unwrap().to_string();
    assert!(error.contains("found ConvInteger with padding"), "{error}");
    assert!(error.contains("expected a float model or one quantised with QuantizeLinear"), "{error}");
}

#[test]
fn the_old_softmax_over_several_axes_is_wrong_and_refused() {
    assert!(apart_unguarded("softmax_opset11") > 0.1, "rten is right now: drop the refusal");
    let error = run(&fixture("softmax_opset11.onnx"), &fixture("softmax_opset11.npz"), &Asked::default());
    let error = error.err().unwrap().to_string();
    assert!(error.contains("found Softmax of opset 11") && error.contains("onnx.version_converter"), "{error}");
    // At the end of a network it does no harm: the logits are read before it.
    run(&fixture("conv_head.onnx"), &fixture("conv_head.npz"), &Asked::default()).unwrap();
}
