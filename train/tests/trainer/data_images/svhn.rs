use std::fs;

use oodbench_train::data::svhn;

use super::{assert_refused, fixture, pattern, written};

#[test]
fn compressed_and_plain_files_by_scipy_are_read_and_ten_is_zero() {
    let set = svhn::read("svhn", &fixture("svhn.mat")).unwrap();
    assert_eq!(set.shape(), [3, 5, 4]);
    assert_eq!(set.images, pattern([4, 3, 5, 4]));
    assert_eq!(set.labels, Some(vec![1, 0, 5, 9]));
    assert_eq!(set, svhn::read("svhn", &fixture("svhn-plain.mat")).unwrap());
}

#[test]
fn defects_are_named() {
    let refused = |bytes: &[u8], parts: &[&str]| {
        let (_folder, file) = written(bytes);
        assert_refused(svhn::read("svhn", &file), &file, parts);
    };
    let compressed = fs::read(fixture("svhn.mat")).unwrap();
    let plain = fs::read(fixture("svhn-plain.mat")).unwrap();
    refused(b"nothing", &["another kind of file", "MATLAB"]);
    refused(b"MATLAB 7.3 MAT-file, Platform: GLNXA64", &["7.3 (HDF5)"]);
    refused(&compressed[..compressed.len() - 3], &["cut off"]);
    refused(&compressed[..128], &["variables []", "`X` and `y`"]);
    let mut damaged = compressed.clone();
    damaged[170] ^= 0xff;
    refused(&damaged, &["damaged"]);
    // Wherever a file is cut or changed: an error or a set, never a panic.
    for end in 0..plain.len() {
        let (_folder, file) = written(&plain[..end]);
        if let Err(error) = svhn::read("svhn", &file) {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
    for at in 0..plain.len() {
        for value in [0x00, 0x0f, 0x7f, 0xff] {
            let mut changed = plain.clone();
            changed[at] = value;
            let (_folder, file) = written(&changed);
            drop(svhn::read("svhn", &file));
        }
    }
    // The labels are doubles there: 9.0 is the only 0x4022 in them.
    let nine = plain.windows(8).position(|bytes| bytes == 9.0_f64.to_le_bytes()).unwrap();
    for (label, shown) in [(11.0_f64, "label 11"), (0.0, "label 0"), (2.5, "label 2.5"), (f64::NAN, "label NaN")] {
        let mut changed = plain.clone();
        changed[nine..nine + 8].copy_from_slice(&label.to_le_bytes());
        refused(&changed, &[shown, "at image 3", "10 is the digit 0"]);
    }
}
