use std::fs;

use oodbench_train::data::array::{self, Layout, Part};

use super::{assert_refused, fixture, pattern, written};

#[test]
fn both_layouts_both_orders_and_archives_hold_the_same_images() {
    let labels = fixture("labels-int64.npy");
    let nchw = array::read_npy("a", &fixture("nchw.npy"), Some(&labels), None, None).unwrap();
    assert_eq!(nchw.shape(), [3, 5, 4]);
    assert_eq!(nchw.images, pattern([4, 3, 5, 4]));
    assert_eq!((nchw.labels.clone(), nchw.classes), (Some(vec![2, 0, 1, 2]), Some(3)));
    assert_eq!(nchw, array::read_npy("a", &fixture("nhwc-fortran.npy"), Some(&labels), None, None).unwrap());
    assert_eq!(nchw, array::read_npz("a", &fixture("images.npz"), Part::Test, None, None).unwrap());
    let grey = array::read_npz("a", &fixture("grey.npz"), Part::Test, None, None).unwrap();
    assert_eq!((grey.shape(), grey.labels.is_none()), ([1, 5, 4], true));
    assert_eq!(grey.image(3), &pattern([4, 3, 5, 4])[3 * 60..][..20]);
}

#[test]
fn an_ambiguous_layout_has_to_be_stated() {
    // Shape (4, 3, 5, 4) made (4, 3, 20, 1): the header's text keeps its length.
    let bytes = fs::read(fixture("nchw.npy")).unwrap();
    let at = bytes.windows(12).position(|window| window == b"(4, 3, 5, 4)").unwrap();
    let changed = [&bytes[..at], b"(4,3, 20, 1)", &bytes[at + 12..]].concat();
    let (_folder, file) = written(&changed);
    assert_refused(
        array::read_npy("a", &file, None, None, None),
        &file,
        &["channels in the second or in the last place"],
    );
    let read = |layout| array::read_npy("a", &file, None, Some(layout), None).unwrap().shape();
    assert_eq!(read(Layout::Nchw), [3, 20, 1]);
    assert_eq!(read(Layout::Nhwc), [1, 3, 20]);
}

#[test]
fn defects_are_named() {
    let refused = |bytes: &[u8], parts: &[&str]| {
        let (_folder, file) = written(bytes);
        assert_refused(array::read_npy("a", &file, None, None, None), &file, parts);
    };
    let bytes = fs::read(fixture("nchw.npy")).unwrap();
    refused(&bytes[..bytes.len() - 1], &["the file is truncated"]);
    refused(b"text", &["no .npy header"]);
    refused(&fs::read(fixture("labels-int64.npy")).unwrap(), &["bytes (uint8)"]);
    let images = fixture("nchw.npy");
    let outcome = array::read_npy("a", &images, Some(&fixture("picture-jpg.npy")), None, None);
    assert_refused(outcome, &fixture("picture-jpg.npy"), &["one class index per row"]);
    let outcome = array::read_npy("a", &images, Some(&fixture("labels-int64.npy")), None, Some(2));
    assert!(outcome.unwrap_err().to_string().contains("found label 2 at image 0"));

    let archive = fixture("images.npz");
    assert_refused(array::read_npz("a", &archive, Part::Train, None, None), &archive, &["[x_test, y_test]", "x_train"]);
    let bytes = fs::read(&archive).unwrap();
    let (_folder, file) = written(&bytes[..bytes.len() / 2]);
    assert_refused(array::read_npz("a", &file, Part::Test, None, None), &file, &["a damaged archive"]);
}
