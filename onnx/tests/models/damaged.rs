//! Files that are cut off or changed are one line, whatever they claim.

use std::collections::BTreeMap;
use std::path::Path;

use oodbench_onnx::graph::Graph;
use oodbench_onnx::rten::Rten;
use oodbench_onnx::runtime::{ModelBytes, Runtime};

use crate::common::fixture;

/// Reads, looks for tensors, loads; whether it came so far.
fn taken(bytes: &[u8]) -> bool {
    let read = Graph::parse(Path::new("damaged.onnx"), bytes.to_vec());
    let Ok(graph) = read.map_err(|error| assert_eq!(error.to_string().lines().count(), 1, "{error}")) else {
        return false;
    };
    let found = graph.find(None, None, &[]);
    let _ = found.map(|tensors| graph.refuse_defects(&[tensors.logits]));
    Rten::load(ModelBytes { model: bytes.to_vec(), external: BTreeMap::new() }, 1).is_ok()
}

#[test]
fn every_beginning_of_a_model_is_refused_or_read() {
    let whole = std::fs::read(fixture("softmax_in_pieces.onnx")).unwrap();
    assert!(taken(&whole));
    let taken = (0..whole.len()).filter(|&length| taken(&whole[..length])).count();
    // Only what stands behind the graph, such as the opset, may be missing.
    assert!(taken < 40, "{taken}");
}

#[test]
fn every_byte_may_be_another() {
    let whole = std::fs::read(fixture("mlp.onnx")).unwrap();
    for at in 0..whole.len() {
        for other in [0x00, 0x7f, 0x80, 0xff, whole[at] ^ 1] {
            let mut bytes = whole.clone();
            bytes[at] = other;
            taken(&bytes);
        }
    }
}

#[test]
fn what_is_no_model_is_refused() {
    for (bytes, found) in [(&b""[..], "no graph"), (b"not a model", "a field"), (b"\x89PNG\r\n\x1a\n", "a field")] {
        let error = Graph::parse(Path::new("a.onnx"), bytes.to_vec()).err().unwrap().to_string();
        assert!(error.starts_with(&format!("a.onnx: found {found}")), "{error}");
    }
    let missing = Graph::read(Path::new("missing.onnx")).err().unwrap().to_string();
    assert!(missing.starts_with("missing.onnx: cannot be read"), "{missing}");
}

/// Weights are read beside the model and nowhere else.
#[test]
fn external_weights_do_not_leave_the_folder() {
    let bytes = std::fs::read(fixture("mlp_external.onnx")).unwrap();
    let name = b"mlp_external.weights";
    let mut moved = bytes.clone();
    let at: Vec<usize> = (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    assert!(!at.is_empty());
    for at in at {
        moved[at..at + name.len()].copy_from_slice(b"../../../etc/./passw");
    }
    let error = Graph::parse(&fixture("mlp_external.onnx"), moved).err().unwrap().to_string();
    assert!(error.contains("found weights in \"../../../etc/./passw\", expected a file beside the model"), "{error}");
}
