//! Published models and larger ones, where the variable `OODBENCH_ONNX_MODELS` names a folder of them.

use std::path::{Path, PathBuf};

use oodbench::rows::ArrayKind;

use crate::common::{Asked, distance, numbers, run};

struct Model {
    file: &'static str,
    archive: &'static str,
    logits: &'static str,
    features: &'static str,
    /// Where the tensor that is found has another name than the archive's array of the same values.
    found: Option<&'static str>,
    has_head: bool,
    /// What may lie between it and onnxruntime.
    tolerance: f64,
}

const SOFTMAX: Model = Model {
    file: "digitcnn-softmax.onnx",
    archive: "digitcnn-softmax.npz",
    logits: "logits",
    features: "features",
    found: None,
    has_head: true,
    tolerance: 1e-4,
};

const MODELS: [Model; 6] = [
    SOFTMAX,
    Model {
        file: "digitcnn-softmax-fp16.onnx",
        archive: "digitcnn-softmax-fp16.npz",
        found: Some("graph_output_cast_1"),
        // Half precision inside, which is computed in single.
        tolerance: 5e-3,
        ..SOFTMAX
    },
    Model {
        file: "digitcnn-softmax-int8-qdq.onnx",
        archive: "digitcnn-softmax-int8-qdq.npz",
        has_head: false,
        tolerance: 0.02,
        ..SOFTMAX
    },
    Model { file: "tinyformer-softmax.onnx", archive: "tinyformer.npz", ..SOFTMAX },
    Model {
        file: "magika-v3.3.onnx",
        archive: "magika.npz",
        logits: "jax2tf_get_logits_/pjit_get_logits_/MagikaV2/Dense_1/AddV2:0",
        features: "jax2tf_get_logits_/pjit_get_logits_/MagikaV2/LayerNorm_1/AddV2_1:0",
        ..SOFTMAX
    },
    Model {
        file: "ppocr-textline-orientation.onnx",
        archive: "ppocr.npz",
        logits: "linear_1.tmp_1",
        features: "reshape2_0.tmp_0",
        ..SOFTMAX
    },
];

#[allow(clippy::print_stdout, reason = "says what is not checked")]
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("OODBENCH_ONNX_MODELS").map(PathBuf::from);
    if folder.is_none() {
        println!("not checked: OODBENCH_ONNX_MODELS names no folder of models");
    }
    folder
}

fn extracted(folder: &Path, model: &Model, asked: &Asked<'_>) {
    let (file, archive) = (folder.join(model.file), folder.join(model.archive));
    let got = run(&file, &archive, asked).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(got.found.has_head, model.has_head, "{}: {:?}", model.file, got.found.remarks);
    let tensors = &got.found.tensors;
    let features = model.found.unwrap_or(model.features);
    assert_eq!((&*tensors.logits, &*tensors.features), (model.logits, &[features.to_owned()][..]), "{}", model.file);
    for (kind, tensor) in [(ArrayKind::Logits, model.logits), (ArrayKind::Features, model.features)] {
        let (_, reference) = numbers(&archive, &format!("out:{tensor}"));
        let apart = distance(&got.rows(&kind), &reference);
        assert!(apart < model.tolerance, "{}, {tensor}: {apart}", model.file);
    }
}

#[test]
fn models_of_others_are_read_rightly() {
    let Some(folder) = folder() else { return };
    for model in &MODELS {
        extracted(&folder, model, &Asked::default());
    }
}

#[test]
fn a_head_of_isomax_plus_is_no_linear_one() {
    let Some(folder) = folder() else { return };
    let model =
        Model { file: "digitcnn-isomax-plus.onnx", archive: "digitcnn-isomax-plus.npz", has_head: false, ..SOFTMAX };
    extracted(&folder, &model, &Asked { features: &["features"], ..Asked::default() });
}

#[test]
fn a_dynamically_quantised_convolution_is_refused() {
    let Some(folder) = folder() else { return };
    let file = "digitcnn-softmax-int8-dynamic";
    let model = folder.join(format!("{file}.onnx"));
    let asked = Asked { logits: Some("logits"), features: &["features"], ..Asked::default() };
    let error = run(&model, &folder.join(format!("{file}.npz")), &asked).err().unwrap().to_string();
    assert!(error.contains("found ConvInteger of more than a pixel"), "{error}");
}
