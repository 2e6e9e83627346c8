//! The same models in onnxruntime, where the variable `ORT_DYLIB_PATH` names its library.

use oodbench::rows::ArrayKind;
use oodbench_onnx::graph::Graph;
use oodbench_onnx::onnxruntime::{LIBRARY, OnnxRuntime};
use oodbench_onnx::runtime::Runtime;

use crate::common::{Asked, distance, fixture, numbers, run_in};
use crate::defects::DEFECTS;
use crate::neighbours::{REFUSED, is_the_same_alone, refusal};

#[allow(clippy::print_stdout, reason = "says what is not checked")]
pub(crate) fn is_there() -> bool {
    let is_there = std::env::var_os(LIBRARY).is_some();
    if !is_there {
        println!("not checked: {LIBRARY} names no library of onnxruntime");
    }
    is_there
}

/// How far the logits are from those of onnxruntime in Python, in parts of the largest.
fn apart(name: &str, logits: &str) -> f64 {
    let archive = fixture(&format!("{name}.npz"));
    let got = run_in::<OnnxRuntime>(&fixture(&format!("{name}.onnx")), &archive, &Asked::default());
    let got = got.unwrap_or_else(|error| panic!("{name}: {error}"));
    let note = got.dump.info.note.clone().unwrap();
    assert!(note.starts_with("onnxruntime (") && note.contains("libonnxruntime"), "{note}");
    distance(&got.rows(&ArrayKind::Logits), &numbers(&archive, &format!("out:{logits}")).1)
}

#[test]
fn models_are_run_rightly() {
    if !is_there() {
        return;
    }
    // Integers of 64 bits, a fixed batch, weights in a file beside the model.
    for name in ["mlp", "softmax_in_pieces", "isomax_plus", "cnn_fixed_batch", "text", "no_defect", "integers_rightly"]
    {
        let apart = apart(name, "logits");
        assert!(apart < 1e-5, "{name}: {apart}");
    }
    let external =
        run_in::<OnnxRuntime>(&fixture("mlp_external.onnx"), &fixture("mlp.npz"), &Asked::default()).unwrap();
    assert!(external.found.has_head);
    let (_, reference) = numbers(&fixture("mlp.npz"), "out:logits");
    assert!(distance(&external.rows(&ArrayKind::Logits), &reference) < 1e-5);
}

/// What is refused for rten is right here, but for what is random.
#[test]
fn defects_of_rten_are_no_reason_to_refuse() {
    if !is_there() {
        return;
    }
    for (name, _) in DEFECTS {
        // Its scale comes from the batch, and rows are run one by one.
        if Graph::read(&fixture(&format!("{name}.onnx"))).unwrap().scales_by_block().is_some() {
            continue;
        }
        if name == "dropout_training" {
            let asked = Asked::default();
            let got =
                run_in::<OnnxRuntime>(&fixture("dropout_training.onnx"), &fixture("dropout_training.npz"), &asked);
            assert!(got.err().unwrap().to_string().contains("found Dropout with training_mode"));
            continue;
        }
        let apart = apart(name, "logits");
        assert!(apart < 1e-5, "{name}: {apart}");
    }
}

/// Its own operators among them.
#[test]
fn a_row_is_the_same_alone() {
    if !is_there() {
        return;
    }
    for name in ["dynamic_product", "dynamic_in_branch"] {
        is_the_same_alone::<OnnxRuntime>(name);
    }
    for (name, found) in REFUSED {
        let error = refusal::<OnnxRuntime>(name);
        assert!(error.contains(found), "{error}");
    }
}

/// The product of the fourth row goes beyond what half precision has, its inputs do not.
#[test]
fn an_end_of_half_precision_is_named() {
    if !is_there() {
        return;
    }
    let error = refusal::<OnnxRuntime>("half_overflow");
    let found = "found row 3 of id/test, of which the model makes no number (NaN), probably because it computes in half precision (f16), whose largest number is 65504";
    assert!(error.contains(found) && error.contains("; export it in single precision"), "{error}");
}

#[test]
fn a_batch_that_fails_is_one_line() {
    if !is_there() {
        return;
    }
    let got = run_in::<OnnxRuntime>(&fixture("batch_built_in.onnx"), &fixture("batch_built_in.npz"), &Asked::default());
    let error = got.err().unwrap().to_string();
    assert!(error.contains(&format!("found what {} cannot run (", OnnxRuntime::NAME)), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}
