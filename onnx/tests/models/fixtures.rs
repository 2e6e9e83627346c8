//! Models trained for this project: what is found in them, and how equal it is to onnxruntime.

use oodbench::rows::{ArrayKind, Head};
use oodbench_onnx::graph::Graph;
use oodbench_onnx::rten::Rten;
use oodbench_onnx::runtime::Runtime;

use crate::common::{Asked, distance, fixture, numbers, run};

/// A model; the tensors that must be found in it; whether the layer between them gives the logits; the accuracy of ten rows.
const MODELS: [(&str, &str, &str, bool, f64); 6] = [
    ("mlp", "logits", "features", true, 0.9),
    ("softmax_in_pieces", "logits", "features", true, 0.9),
    ("isomax_plus", "logits", "unit", false, 0.9),
    ("cnn_fixed_batch", "logits", "features", true, 1.0),
    ("conv_head", "pooled", "rectified", true, 1.0),
    ("text", "logits", "features", true, 0.9),
];

/// Means over pixels, where a tensor has any.
fn rows_of((shape, values): (Vec<usize>, Vec<f64>)) -> Vec<f64> {
    let pixels = shape[2..].iter().product::<usize>();
    values.chunks(pixels).map(|map| map.iter().sum::<f64>() / pixels as f64).collect()
}

#[test]
fn each_is_read_rightly_and_equals_onnxruntime() {
    for (name, logits, features, has_head, accuracy) in MODELS {
        let archive = fixture(&format!("{name}.npz"));
        let got = run(&fixture(&format!("{name}.onnx")), &archive, &Asked::default()).unwrap();
        let tensors = &got.found.tensors;
        assert_eq!((&*tensors.logits, &*tensors.features), (logits, &[features.to_owned()][..]), "{name}");
        assert_eq!(got.found.has_head, has_head, "{name}: {:?}", got.found.remarks);
        assert_eq!(got.dump.head.is_some(), has_head, "{name}");
        assert_eq!(got.found.accuracy, Some(accuracy), "{name}");
        for (kind, tensor) in [(ArrayKind::Logits, logits), (ArrayKind::Features, features)] {
            let reference = rows_of(numbers(&archive, &format!("out:{tensor}")));
            let apart = distance(&got.rows(&kind), &reference);
            assert!(apart < 1e-4, "{name}, {tensor}: {apart}");
        }
        let note = got.dump.info.note.clone().unwrap();
        assert!(note.starts_with(Rten::NAME), "{note}");
    }
}

/// A layer's weights lie as PyTorch or as TensorFlow has them; the bias is in the layer or behind it.
#[test]
fn the_head_is_the_same_however_it_was_exported() {
    let head = |name: &str| {
        let got = run(&fixture(&format!("{name}.onnx")), &fixture("mlp.npz"), &Asked::default()).unwrap();
        let Some(Head::Linear { weight, bias }) = &got.dump.head else { panic!("{name} has no linear head") };
        (weight.clone(), bias.clone())
    };
    let (weight, bias) = head("mlp");
    assert_eq!(weight.dim(), (4, 12));
    assert!(bias.iter().any(|value| *value != 0.0));
    assert_eq!(head("softmax_in_pieces"), (weight.clone(), bias.clone()));
    assert_eq!(head("mlp_external"), (weight, bias));
}

#[test]
fn the_features_of_isomax_plus_are_named_by_hand() {
    let asked = Asked { features: &["features", "unit"], ..Asked::default() };
    let archive = fixture("isomax_plus.npz");
    let got = run(&fixture("isomax_plus.onnx"), &archive, &asked).unwrap();
    assert!(!got.found.has_head);
    assert!(got.found.remarks[0].starts_with("no head is written"), "{:?}", got.found.remarks);
    for (kind, tensor) in [(ArrayKind::Features, "features"), (ArrayKind::Layer("unit".to_owned()), "unit")] {
        let (_, reference) = numbers(&archive, &format!("out:{tensor}"));
        assert!(distance(&got.rows(&kind), &reference) < 1e-4, "{tensor}");
    }
}

#[test]
fn a_fixed_batch_is_filled_up_and_cut_and_no_other_is_taken() {
    let (model, archive) = (fixture("cnn_fixed_batch.onnx"), fixture("cnn_fixed_batch.npz"));
    let got = run(&model, &archive, &Asked::default()).unwrap();
    // Ten rows of a model that takes four.
    assert_eq!(got.rows(&ArrayKind::Logits).nrows(), 10);
    assert!(got.dump.info.note.unwrap().contains("batch 4"));
    let asked = Asked { batch: Some(8), ..Asked::default() };
    let error = run(&model, &archive, &asked).err().unwrap().to_string();
    assert_eq!(error, "--batch: found 8, expected 4, which the model insists on; leave it out");
}

#[test]
fn another_batch_gives_the_same_rows() {
    let (model, archive) = (fixture("mlp.onnx"), fixture("mlp.npz"));
    let rows = |batch| {
        let asked = Asked { batch: Some(batch), ..Asked::default() };
        run(&model, &archive, &asked).unwrap().rows(&ArrayKind::Logits)
    };
    let whole = rows(10);
    for batch in [1, 3, 64] {
        assert!(distance(&rows(batch), whole.as_slice().unwrap()) < 1e-6, "{batch}");
    }
}

#[test]
fn a_wrong_name_or_shape_is_refused_with_candidates() {
    let refused = |model: &str, asked: &Asked<'_>| {
        run(&fixture(&format!("{model}.onnx")), &fixture(&format!("{model}.npz")), asked).err().unwrap().to_string()
    };
    let error = refused("mlp", &Asked { logits: Some("nothing"), ..Asked::default() });
    assert!(
        error.contains("found no tensor \"nothing\", expected one of its tensors, such as \"probabilities\""),
        "{error}"
    );
    let error = refused("matmul_integer", &Asked::default());
    assert!(error.contains("found MatMulInteger before the logits") && error.contains("candidates: "), "{error}");
    let error = refused("text", &Asked { features: &["words"], ..Asked::default() });
    assert!(error.contains("found \"words\" of shape [10, 6, 5] for 10 rows"), "{error}");
}

/// The note of a dump names the version that the lock file has.
#[test]
fn the_version_in_the_note_is_the_one_that_is_built() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
    let version = lock.split("name = \"rten\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert_eq!(Rten::NAME, format!("rten {version}"));
}

#[test]
fn inputs_are_told_in_a_line() {
    let graph = Graph::read(&fixture("text.onnx")).unwrap();
    let inputs: Vec<String> = graph.inputs().iter().map(|input| input.text()).collect();
    assert_eq!(inputs, ["input_ids (n, length) integer", "attention_mask (n, length) integer"]);
    assert_eq!((graph.opset(), graph.producer(), graph.fixed_batch()), (18, "oodbench-fixtures", None));
}
