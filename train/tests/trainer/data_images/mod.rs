//! Image data: every format read right, every defect named in one line, batches as they should be.
//!
//! `fixtures/images/formats/make_formats.py` wrote the files, with NumPy, SciPy and Pillow.

mod array;
mod batches;
mod catalog;
mod cifar;
mod embedded;
mod folder;
mod idx;
mod open;
mod svhn;

use std::fs;
use std::path::{Path, PathBuf};

use oodbench_train::data::{DataError, ImageSet};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/images/formats").join(name)
}

/// The pixels of make_formats.py, (count, channels, height, width).
fn pattern([count, channels, height, width]: [usize; 4]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for n in 0..count {
        for c in 0..channels {
            for i in 0..height {
                bytes.extend((0..width).map(|j| (57 * n + 101 * c + 7 * i + 3 * j) as u8));
            }
        }
    }
    bytes
}

/// A file with these bytes in a folder that lives as long as the first result.
fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, bytes).expect("a temporary file");
    (folder, file)
}

/// The message of a failure: one line that names the file and holds each of `parts`.
#[track_caller]
fn assert_refused(outcome: Result<ImageSet, DataError>, file: &Path, parts: &[&str]) {
    let message = outcome.expect_err("should be refused").to_string();
    assert!(!message.contains('\n'), "{message}");
    assert!(message.starts_with(&file.display().to_string()), "{message}");
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}
