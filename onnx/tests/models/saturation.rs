//! Sums of bytes that some processors cut off: right on this one, or told.

use oodbench::rows::ArrayKind;
use oodbench_onnx::graph::Graph;
use oodbench_onnx::graph::saturation::Sums;
#[cfg(feature = "onnxruntime")]
use oodbench_onnx::onnxruntime::OnnxRuntime;
use oodbench_onnx::rten::Rten;
use oodbench_onnx::runtime::Runtime;

use crate::common::{Asked, distance, fixture, numbers, run_in};

/// A model against NumPy's integers, in a runtime that has its sums in such a way.
fn is_right_or_told<R: Runtime>(name: &str, sums: Sums) {
    let (model, archive) = (fixture(&format!("{name}.onnx")), fixture(&format!("{name}.npz")));
    let got = run_in::<R>(&model, &archive, &Asked::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let told: Vec<&String> = got.found.remarks.iter().filter(|remark| remark.contains("may saturate")).collect();
    let note = got.dump.info.note.as_deref().unwrap_or_default();
    assert_eq!(note.contains("integer sums may saturate"), !told.is_empty(), "{name}: {note}");
    let apart = distance(&got.rows(&ArrayKind::Logits), &numbers(&archive, "out:logits").1);
    if sums == Sums::Whole {
        assert!(told.is_empty() && apart < 1e-5, "{name}, {}: {apart}, {told:?}", R::NAME);
    } else {
        assert!(told.len() == 1 && told[0].starts_with("sums of MatMul"), "{name}, {}: {told:?}", R::NAME);
        assert!(apart > 1e-2, "{name}: {} is right to {apart} now; drop the warning", R::NAME);
    }
}

#[test]
fn sums_are_right_or_told_in_rten() {
    is_right_or_told::<Rten>("integers_saturate", Rten::sums());
    // It multiplies the floats.
    is_right_or_told::<Rten>("dequantised_saturate", Sums::Whole);
}

#[cfg(feature = "onnxruntime")]
#[test]
fn sums_are_right_or_told_in_onnxruntime() {
    if !crate::onnxruntime::is_there() {
        return;
    }
    for name in ["integers_saturate", "dequantised_saturate"] {
        is_right_or_told::<OnnxRuntime>(name, OnnxRuntime::sums());
    }
}

/// Weights of 7 bits are right everywhere.
#[test]
fn small_weights_are_not_warned_of() {
    let graph = Graph::read(&fixture("integers_rightly.onnx")).unwrap();
    for sums in [Sums::CutOff, Sums::CutOffWhereMixed] {
        assert_eq!(graph.saturation(graph.outputs(), sums), None);
    }
}
