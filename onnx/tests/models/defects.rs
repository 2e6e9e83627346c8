//! What rten computes wrongly in silence is refused; each refusal is still needed.

use std::collections::BTreeMap;

use oodbench_onnx::graph::Graph;
use oodbench_onnx::rten::Rten;
use oodbench_onnx::runtime::{ModelBytes, Runtime};
use oodbench_onnx::source::Source;

use crate::common::{Archive, Asked, fixture, numbers, run};

/// A model; what the refusal says.
pub(crate) const DEFECTS: [(&str, &str); 18] = [
    ("conv_integer_padded", "found ConvInteger of more than a pixel, or with steps, groups or padding"),
    ("conv_integer", "found ConvInteger of more than a pixel"),
    // Of one pixel, but not of each.
    ("conv_integer_steps", "found ConvInteger of more than a pixel, or with steps"),
    ("matmul_integer_signed", "found MatMulInteger with a zero point of signed weights"),
    ("lstm_lengths", "found LSTM with sequence_lens"),
    ("gru_lengths", "found GRU with sequence_lens"),
    ("softmax_opset11", "found Softmax of opset 11"),
    ("same_lower_conv", "found Conv with auto_pad SAME_LOWER"),
    ("same_lower_max_pool", "found MaxPool with auto_pad SAME_LOWER"),
    ("same_lower_average_pool", "found AveragePool with auto_pad SAME_LOWER"),
    ("cast_to_truth", "found Cast to truth values"),
    ("cast_like_truth", "found CastLike to truth values"),
    ("resize_cubic", "found Resize with mode cubic"),
    ("wide_constant", "found the integer constant \"wide\" with 1099511627776"),
    ("wide_product", "found an integer product of what is fed and 268435456"),
    ("dropout_training", "found Dropout with training_mode"),
    // The softmax is taken by the graphs inside an If alone.
    ("softmax_before_if", "found Softmax of opset 11"),
    // The file says two dimensions where there are four.
    ("softmax_of_a_wrong_rank", "found Softmax of opset 11"),
];

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

fn refusal(name: &str) -> String {
    let got = run(&fixture(&format!("{name}.onnx")), &fixture(&format!("{name}.npz")), &Asked::default());
    got.err().unwrap_or_else(|| panic!("{name} was run")).to_string()
}

#[test]
fn what_is_wrong_is_refused_and_still_wrong() {
    for (name, found) in DEFECTS {
        let apart = apart_unguarded(name);
        assert!(apart > 0.1, "{name}: rten is right to {apart} now; drop the refusal");
        let error = refusal(name);
        assert!(error.contains(found), "{error}");
    }
}

#[test]
fn a_refusal_says_what_to_do() {
    let error = refusal("conv_integer_padded");
    assert!(error.contains("expected a float model or one quantised with QuantizeLinear"), "{error}");
    assert!(refusal("softmax_opset11").contains("onnx.version_converter"));
}

#[test]
fn what_is_computed_rightly_is_not_refused() {
    // The largest integer as the end of a slice, a cast of truth values, SAME_LOWER with even padding. Products of signed and of unsigned bytes whose
    // sums no processor cuts off, a convolution of each pixel. A cast to the type of a float.
    for name in ["no_defect", "integers_rightly", "cast_like_float"] {
        let apart = apart_unguarded(name);
        assert!(apart < 1e-5, "{name}: {apart}");
        run(&fixture(&format!("{name}.onnx")), &fixture(&format!("{name}.npz")), &Asked::default()).unwrap();
    }
    // A softmax at the end of a network does no harm: the logits are read before it.
    run(&fixture("conv_head.onnx"), &fixture("conv_head.npz"), &Asked::default()).unwrap();
}
