use std::fs;

use oodbench_train::data::cifar::{self, Cifar};
use oodbench_train::data::cifar_pickle;

use super::{assert_refused, fixture, pattern, written};

#[test]
fn binary_and_python_version_agree() {
    let ten = cifar::read("c10", Cifar::Ten, &[fixture("cifar10.bin")]).unwrap();
    assert_eq!(ten, cifar_pickle::read("c10", Cifar::Ten, &[fixture("cifar10-python2.pickle")]).unwrap());
    assert_eq!(ten.images, pattern([4, 3, 32, 32]));
    assert_eq!(ten.labels, Some(vec![3, 0, 9, 7]));

    let hundred = cifar::read("c100", Cifar::Hundred, &[fixture("cifar100.bin")]).unwrap();
    assert_eq!(hundred, cifar_pickle::read("c100", Cifar::Hundred, &[fixture("cifar100-python3.pickle")]).unwrap());
    assert_eq!(hundred.labels, Some(vec![99, 0, 42, 7]));
}

#[test]
fn files_follow_one_another() {
    let file = fixture("cifar10.bin");
    let twice = cifar::read("c10", Cifar::Ten, &[&file, &file]).unwrap();
    assert_eq!(twice.labels, Some(vec![3, 0, 9, 7, 3, 0, 9, 7]));
    assert_eq!(twice.image(5), twice.image(1));
}

#[test]
fn a_truncated_or_foreign_binary_file_is_refused() {
    let bytes = fs::read(fixture("cifar10.bin")).unwrap();
    let (_folder, file) = written(&bytes[..bytes.len() - 1]);
    assert_refused(cifar::read("c", Cifar::Ten, &[&file]), &file, &["12291 bytes", "multiple of 3073", "fetch"]);
    let (_folder, file) = written(&[]);
    assert_refused(cifar::read("c", Cifar::Ten, &[&file]), &file, &["0 bytes"]);
    let mut label = bytes;
    label[3073] = 10;
    let (_folder, file) = written(&label);
    assert_refused(cifar::read("c", Cifar::Ten, &[&file]), &file, &["label 10 at image 1", "labels 0 to 9"]);
    let missing = file.with_file_name("none");
    assert_refused(cifar::read("c", Cifar::Ten, &[&missing]), &missing, &["No such file"]);
}

#[test]
fn a_damaged_pickle_is_refused() {
    let bytes = fs::read(fixture("cifar10-python2.pickle")).unwrap();
    let read = |bytes: &[u8], cifar, parts: &[&str]| {
        let (_folder, file) = written(bytes);
        assert_refused(cifar_pickle::read("c", cifar, &[&file]), &file, parts);
    };
    read(&bytes[..bytes.len() - 5], Cifar::Ten, &["the end of the file before byte"]);
    read(&bytes[..5000], Cifar::Ten, &["the end of the file"]);
    read(&bytes, Cifar::Hundred, &["no entry `fine_labels`"]);
    read(b"no pickle at all", Cifar::Ten, &["instruction 0x6e"]);
    read(b"\x80\x02N.", Cifar::Ten, &["no entry `data`"]);
    // Nesting that would exhaust the stack of a recursive decoder.
    read(&[&b"N"[..], &[0x85; 100_000], b"."].concat(), Cifar::Ten, &["no entry `data`"]);
    read(&[&b"N"[..], &[0x85; 1_000_000], b"."].concat(), Cifar::Ten, &["more than 193572 values"]);
    // A label fewer than images; a label out of range: `K\x07` is the last label, 7, before the list's end `e`.
    let at = bytes.windows(3).position(|window| window == b"K\x07e").unwrap();
    read(&[&bytes[..at], &bytes[at + 2..]].concat(), Cifar::Ten, &["4 images and 3 labels"]);
    read(&[&bytes[..at], b"K\x63", &bytes[at + 2..]].concat(), Cifar::Ten, &["label 99 at image 3"]);
    // Elements of two bytes ("<" instead of "|").
    let at = bytes.windows(3).position(|window| window == b"U\x01|").unwrap();
    read(&[&bytes[..at + 2], b"<", &bytes[at + 3..]].concat(), Cifar::Ten, &["another entry `data`"]);
}

#[test]
fn a_pickle_that_would_run_a_command_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let command = format!("touch {}", trace.display());
    let pickle = [b"\x80\x02cposix\nsystem\nU", &[command.len() as u8][..], command.as_bytes(), b"\x85R."].concat();
    let file = folder.path().join("data_batch_1");
    fs::write(&file, pickle).unwrap();
    assert_refused(cifar_pickle::read("c", Cifar::Ten, &[&file]), &file, &["the function posix.system"]);
    assert!(!trace.exists());
}

#[test]
fn no_changed_byte_makes_the_pickle_decoder_panic() {
    let bytes = fs::read(fixture("cifar100-python3.pickle")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("train");
    // The ends hold the instructions; between them lie pixels.
    for at in (0..160).chain(bytes.len() - 120..bytes.len()) {
        for value in [0x00, b'b', b'R', 0x93, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = value;
            fs::write(&file, changed).unwrap();
            if let Err(error) = cifar_pickle::read("c", Cifar::Hundred, &[&file]) {
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
}
