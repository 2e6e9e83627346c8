//! What the hot kernels execute per row, counted by callgrind and compared with `fixtures/instructions.json`. Where valgrind is not installed
//! nothing is checked, but in CI on Linux, where the variable `CI` is set, the test fails.
//!
//! The difference between two runs on n and 3n rows leaves out the start of the program, that to the same run without the kernel its input. Counts
//! depend on compiler and instruction set, so up to a tenth more is accepted. `OODBENCH_BLESS=1 cargo test --release --test instructions` rewrites the file.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may fail, and shows what it counted"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::process::Command;

use ndarray::Array2;
use oodbench::fit::Training;
use oodbench::metric::registry::{find, usual};
use oodbench::metric::{PairCounts, Ranking, Sample};
use oodbench::rows::{ArrayKind, Labels, Matrix, Role, RunRows, Split};
use oodbench::score::REGISTRY;

/// Which kernel a child process runs, and on how many rows.
const KERNEL: &str = "OODBENCH_KERNEL";
const ROWS: usize = 20_000;
const CLASSES: usize = 100;
const FEATURES: usize = 64;
/// Training rows of a search.
const BANK: usize = 500;
/// One search for so many rows of the other kernels: each takes as long.
const SEARCHES: usize = 20;

/// The kernels, procedures, some scores and a fit among them by their ids, each with what runs up to it.
fn kernels() -> Vec<(&'static str, &'static str)> {
    let metrics = [("sort", "scores"), ("ranking", "sort"), ("pairs", "ranking")];
    let procedures = usual().iter().map(|procedure| (procedure.id, "ranking"));
    let scores = ["mds", "mps", "energy", "es"].map(|id| (id, "logits"));
    let products = [("knn", "features"), ("mahalanobis", "training")];
    metrics.into_iter().chain(procedures).chain(scores).chain(products).collect()
}

fn scores(rows: usize, shift: f64) -> Vec<f64> {
    (0..rows).map(|i| (i as f64 * 0.618_033_988_749_894_9).fract().powi(2) + shift).collect()
}

/// Runs a kernel on `rows` + `rows` scores, or on `rows` rows of logits.
fn run(kernel: &str, rows: usize) {
    let numbers = scores(rows, 0.0);
    match kernel {
        "scores" => drop(black_box((scores(rows, 0.1), numbers))),
        "sort" => drop(black_box((Sample::new(scores(rows, 0.1)), Sample::new(numbers)))),
        "ranking" => drop(black_box(ranking(rows))),
        "pairs" => drop(black_box(PairCounts::in_ranking(&ranking(rows)))),
        "features" | "knn" => nearest(kernel, rows / SEARCHES),
        "training" | "mahalanobis" => covariance(kernel, rows),
        other => match find(other) {
            Some(procedure) => drop(black_box(procedure.values(&ranking(rows)))),
            None => logits(other, rows),
        },
    }
}

fn ranking(rows: usize) -> Ranking {
    let sample = |shift: f64| Sample::new(scores(rows, shift)).unwrap();
    Ranking::new(&sample(0.1), &sample(0.0))
}

fn logits(score: &str, rows: usize) {
    let logit = |(row, class): (usize, usize)| ((row * 31 + class * 17) % 97) as f32 * -0.1;
    let array = Matrix::of("logits", Array2::from_shape_fn((rows, CLASSES), logit)).unwrap();
    let test = Split::new(Role::Test, "memory").with(ArrayKind::Logits, array).unwrap();
    score_test(&RunRows::new("memory", vec![test], None).unwrap(), score, ArrayKind::Logits);
}

/// Features of so many rows of two classes, no two rows the same.
fn features(role: Role, rows: usize) -> Split {
    let feature = |(row, column)| ((row * FEATURES + column) as f64 * 0.618_033_988_749_894_9).fract() as f32;
    let array = Matrix::of("features", Array2::from_shape_fn((rows, FEATURES), feature)).unwrap();
    let labels = Labels::of("labels", (0..rows).map(|row| row as i64 % 2).collect());
    Split::new(role, "memory").with(ArrayKind::Features, array).unwrap().with_labels(labels).unwrap()
}

/// `knn` of rows among [`BANK`] others, or the rows alone.
fn nearest(kernel: &str, rows: usize) {
    let splits = vec![features(Role::Train, BANK), features(Role::Test, rows)];
    score_test(&RunRows::new("memory", splits, None).unwrap(), kernel, ArrayKind::Features);
}

/// The fit of `mahalanobis`, or its rows alone.
fn covariance(kernel: &str, rows: usize) {
    let dump = RunRows::new("memory", vec![features(Role::Train, rows)], None).unwrap();
    if let Some(entry) = REGISTRY.iter().find(|entry| entry.id == kernel) {
        drop(black_box(entry.with_defaults().fit(&Training::new(&dump)).unwrap()));
    }
}

/// Scores the rows of the test split, if there is such a score.
fn score_test(dump: &RunRows, score: &str, read: ArrayKind) {
    let split = dump.split(&Role::Test).unwrap();
    let wanted = BTreeSet::from([read]);
    if let Some(entry) = REGISTRY.iter().find(|entry| entry.id == score) {
        let scorer = entry.with_defaults().fit(&Training::new(dump)).unwrap().scorer;
        for range in split.block_ranges() {
            let mut out = vec![0.0; range.len()];
            scorer.score_block(&split.block(range, &wanted, None), &mut out);
            black_box(out);
        }
    }
}

/// Instructions of a child process that runs a kernel.
fn count(kernel: &str, rows: usize) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "kernel_of_a_child", "--ignored", "--test-threads=1"])
        .env(KERNEL, format!("{kernel} {rows}"))
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    Some(collected.unwrap_or_else(|| panic!("valgrind says {said}")).parse().unwrap())
}

#[test]
#[ignore = "what the other test runs under valgrind"]
fn kernel_of_a_child() {
    if let Ok(kernel) = std::env::var(KERNEL) {
        let (kernel, rows) = kernel.split_once(' ').unwrap();
        run(kernel, rows.parse().unwrap());
    }
}

#[test]
fn kernels_execute_no_more_than_they_did() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        assert!(
            std::env::var_os("CI").is_none() || !cfg!(target_os = "linux"),
            "valgrind is not installed: in CI it has to be"
        );
        eprintln!("valgrind is not installed: nothing is checked");
        return;
    }
    let mut per_row: BTreeMap<&str, f64> = BTreeMap::new();
    for kernel in kernels().into_iter().flat_map(|(kernel, before)| [kernel, before]) {
        per_row.entry(kernel).or_insert_with(|| {
            let (few, many) = (count(kernel, ROWS).unwrap(), count(kernel, 3 * ROWS).unwrap());
            (many - few) as f64 / (2 * ROWS) as f64
        });
    }
    let found: BTreeMap<&str, f64> =
        kernels().into_iter().map(|(kernel, before)| (kernel, (per_row[kernel] - per_row[before]).round())).collect();
    let path = common::fixture("instructions.json");
    if std::env::var_os("OODBENCH_BLESS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
    }
    let stored: BTreeMap<String, f64> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for (kernel, found) in found {
        let stored = stored[kernel];
        println!("{kernel}: {found} instructions per row, {stored} stored");
        assert!(
            found <= stored * 1.1 + 1.0,
            "{kernel}: {found} instructions per row, expected at most {stored} and a tenth"
        );
    }
}
