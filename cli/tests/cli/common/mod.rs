//! Dumps written for a test.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "every test file uses some of it, and may fail")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use ndarray::{Array1, Array2};
use ndarray_npy::{WritableElement, write_npy};
use oodbench::numeric::noise::Congruential;

/// A file of the package's `fixtures/`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(path)
}

/// The program, in an empty folder, without the environment's taste in colours and widths.
pub fn oodbench(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("oodbench").unwrap();
    command.current_dir(folder).env_remove("NO_COLOR").env("COLUMNS", "160").env("RAYON_NUM_THREADS", "1");
    command
}

/// Writes an array, making its folder.
pub fn write<T: WritableElement>(path: &Path, array: &Array2<T>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_npy(path, array).unwrap();
}

/// Writes labels, making their folder.
pub fn write_labels(path: &Path, labels: &[i64]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_npy(path, &Array1::from(labels.to_vec())).unwrap();
}

/// Numbers that look random and are the same everywhere.
pub fn noise(rows: usize, columns: usize, seed: u32) -> Array2<f32> {
    let mut noise = Congruential::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || noise.bits() as f32 / 2_097_152.0 - 4.0)
}

/// A [`small_run`] with a layer `block1` of 6 features in every split, 35 rows of id/val, and sets `noise` (25) and `blur` (25) in val_ood.
pub fn layered_run(folder: &Path) {
    small_run(folder);
    for (split, rows, seed) in [
        ("id/train", 40, 21),
        ("id/val", 35, 22),
        ("id/test", 40, 23),
        ("val_ood/noise", 25, 24),
        ("val_ood/blur", 25, 25),
        ("ood/near", 30, 26),
        ("ood/far", 20, 27),
    ] {
        write(&folder.join(split).join("features@block1.npy"), &noise(rows, 6, seed));
        let features = folder.join(split).join("features.npy");
        if !features.exists() {
            write(&features, &noise(rows, 5, seed + 10));
        }
    }
}

/// A copy of a folder of `fixtures/`.
pub fn copied(from: &str, to: &Path) {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let own = to.join(path.file_name().unwrap());
            if path.is_dir() { copy(&path, &own) } else { std::fs::write(own, std::fs::read(&path).unwrap()).unwrap() }
        }
    }
    copy(&fixture(from), to);
}

/// Exit code and both outputs of the program in a copy of a folder of `fixtures/`, after a change.
pub fn run_changed(from: &str, change: impl FnOnce(&Path), arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    copied(from, folder.path());
    change(folder.path());
    let output = oodbench(folder.path()).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// That the program refuses the changed copy in one line, and nothing else, that says all of it.
pub fn refused_changed(from: &str, change: impl FnOnce(&Path), arguments: &[&str], parts: &[&str]) {
    let (code, text) = run_changed(from, change, arguments);
    assert_eq!((code, text.trim_end().lines().count()), (Some(2), 1), "{text}");
    parts.iter().for_each(|part| assert!(text.contains(part), "{part}: {text}"));
}

/// A small sound run: 40 ID rows of 4 classes and 5 features to train and to test, OOD sets `near` (30) and `far` (20).
pub fn small_run(folder: &Path) {
    for (split, rows, seed) in [("id/train", 40, 1), ("id/test", 40, 2), ("ood/near", 30, 3), ("ood/far", 20, 4)] {
        let spread = if split.starts_with("id") { 2.0 } else { 0.7 };
        write(&folder.join(split).join("logits.npy"), &(noise(rows, 4, seed) * spread));
        write(&folder.join(split).join("features.npy"), &noise(rows, 5, seed + 10));
        if split.starts_with("id") {
            let labels: Vec<i64> = (0..rows as i64).map(|row| row % 4).collect();
            write_labels(&folder.join(split).join("labels.npy"), &labels);
        }
    }
}
