//! Fixtures, and arrays written for a test.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "every test program uses some of it, and may fail")]

use std::path::{Path, PathBuf};

use ndarray::Array2;
use ndarray_npy::{WritableElement, write_npy};

/// A file of the package's `fixtures/`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

/// Writes an array, making its folder.
pub fn write<T: WritableElement>(path: &Path, array: &Array2<T>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_npy(path, array).unwrap();
}
