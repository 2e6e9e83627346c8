//! Files that are cut off or changed are one line, whatever they claim.

use std::collections::BTreeMap;
use std::path::Path;

use oodbench_onnx::OnnxError;
use oodbench_onnx::extract::head_agrees;
use oodbench_onnx::graph::Graph;
use oodbench_onnx::rten::Rten;
use oodbench_onnx::runtime::{Input, ModelBytes, Numbers, Runtime};

use crate::common::fixture;

/// An error of one line, whatever it is about.
fn one_line(error: OnnxError) {
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
}

/// Reads, looks for tensors, loads; whether it came so far.
fn taken(bytes: &[u8]) -> bool {
    let Ok(graph) = Graph::parse(Path::new("damaged.onnx"), bytes.to_vec()).map_err(one_line) else { return false };
    if let Ok(tensors) = graph.find(None, None, &[]).map_err(one_line) {
        let _ = graph.refuse_defects(&[tensors.logits]).map_err(one_line);
    }
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

/// A changed byte is a damage that is told in one line, or another number: whatever is read is also run, and gives rows or one line.
#[test]
fn every_byte_may_be_another() {
    let whole = std::fs::read(fixture("mlp.onnx")).unwrap();
    let (mut refused, mut failed, mut ran) = (0, 0, 0);
    for at in 0..whole.len() {
        for other in [0x00, 0x7f, 0x80, 0xff, whole[at] ^ 1] {
            let mut bytes = whole.clone();
            bytes[at] = other;
            match run_of(bytes) {
                Run::Refused => refused += 1,
                Run::Failed => failed += 1,
                Run::Done => ran += 1,
            }
        }
    }
    // More than half of the bytes are weights, of which most may be anything.
    assert!(ran > 2 * whole.len() && refused > 100 && failed > 0, "{refused} refused, {failed} failed, {ran} ran");
}

enum Run {
    Refused,
    Failed,
    Done,
}

/// Reads a model of six numbers a row and runs it on four rows.
fn run_of(bytes: Vec<u8>) -> Run {
    let Ok(graph) = Graph::parse(Path::new("damaged.onnx"), bytes).map_err(one_line) else { return Run::Refused };
    let Ok(tensors) = graph.find(None, None, &[]).map_err(one_line) else { return Run::Refused };
    let input =
        Input { name: graph.inputs()[0].name.clone(), shape: vec![4, 6], numbers: Numbers::Float(vec![0.5; 24]) };
    match head_agrees::<Rten>(&graph, &tensors, vec![input], 1).map_err(one_line) {
        Ok(_) => Run::Done,
        Err(()) => Run::Failed,
    }
}

#[test]
fn what_is_no_model_is_refused() {
    for (bytes, found) in [
        (&b""[..], "no graph"),
        (b"not a model", "a field"),
        (b"\x89PNG\r\n\x1a\n", "a field"),
        (b":\x05b\x03\n\x01a", "no inputs"),
    ] {
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

/// The file of weights is named, and what of it is missing; nothing beyond its end is read.
#[test]
fn external_weights_are_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (model, weights) = ("mlp_external.onnx", "mlp_external.weights");
    std::fs::copy(fixture(model), at(model)).unwrap();
    let whole = std::fs::read(fixture(weights)).unwrap();
    std::fs::write(at(weights), &whole).unwrap();
    assert!(Graph::read(&at(model)).is_ok());
    std::fs::write(at(weights), &whole[..whole.len() - 1]).unwrap();
    let error = Graph::read(&at(model)).err().unwrap().to_string();
    assert!(error.contains("mlp_external.weights: found ") && error.contains("goes beyond them"), "{error}");
    std::fs::remove_file(at(weights)).unwrap();
    let error = Graph::read(&at(model)).err().unwrap().to_string();
    assert!(error.contains("mlp_external.weights: cannot be read"), "{error}");
}

/// A model of 100,000 operators in a row would overflow the stack of the runtime.
#[test]
fn chains_that_overflow_a_stack_are_refused() {
    let field = |number: u8, contents: &[u8]| {
        let (mut out, mut length) = (vec![number << 3 | 2], contents.len());
        while length >= 128 {
            out.push(length as u8 | 0x80);
            length >>= 7;
        }
        out.push(length as u8);
        out.extend(contents);
        out
    };
    let model = |count: usize| {
        let mut graph = Vec::new();
        for at in 0..count {
            let (input, output) = (format!("a{at}"), format!("a{}", at + 1));
            let node = [field(1, input.as_bytes()), field(2, output.as_bytes()), field(4, b"Relu")].concat();
            graph.extend(field(1, &node));
        }
        // A float tensor (n, 6).
        let shape = [field(1, &field(2, b"n")), field(1, &[8, 6])].concat();
        let of_type = field(2, &field(1, &[vec![8, 1], field(2, &shape)].concat()));
        graph.extend(field(11, &[field(1, b"a0"), of_type].concat()));
        graph.extend(field(12, &field(1, format!("a{count}").as_bytes())));
        // Version 8 of the format, operators of version 13.
        [vec![8, 8], field(7, &graph), field(8, &[16, 13])].concat()
    };
    for (count, is_read) in [(4000, true), (4001, false), (99_999, false)] {
        let read = Graph::parse(Path::new("a.onnx"), model(count));
        assert_eq!(read.is_ok(), is_read, "{count}");
        if let Some(error) = read.err() {
            let found = format!("found {count} operators in a row, which is more than 4000");
            assert!(error.to_string().contains(&found), "{error}");
        }
    }
    let graph = Graph::parse(Path::new("a.onnx"), model(4000)).unwrap();
    let input = Input { name: "a0".to_owned(), shape: vec![2, 6], numbers: Numbers::Float(vec![1.0; 12]) };
    let names = ["a4000".to_owned()];
    let bytes = ModelBytes { model: model(4000), external: BTreeMap::new() };
    assert_eq!(Rten::load(bytes, 1).unwrap().run(vec![input], &names).unwrap()[0].shape(), [2, 6]);
    assert_eq!(graph.inputs().len(), 1);
}
