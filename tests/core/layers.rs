//! The laws of the layout: imports point down, a crate is named behind its door only, no list of ids is typed by hand.

mod circles;
mod ids;
mod source;

use std::path::Path;

use source::sources;

/// Rooms of the library from the bottom up; those in one line may not see each other.
const LAYERS: &[&[&str]] = &[
    &["error", "state", "progress", "suggestion", "caught"],
    &["numeric", "output", "printable"],
    &["rows", "stats"],
    &["dump"],
    &["fit", "metric"],
    &["score"],
    &["table", "plot"],
    &["report"],
    &["eval", "latency"],
    &["detector"],
];

/// Crates and the only places that name them: rooms and files below the root of the workspace. A crate also stands for those whose names it begins.
const DOORS: &[(&str, &[&str])] = &[
    ("candle", &["train/src"]),
    ("ort", &["onnx/src/onnxruntime.rs"]),
    ("rten", &["onnx/src"]),
    ("tokenizers", &["onnx/src/source"]),
    ("clap", &["cli/src"]),
    ("indicatif", &["cli/src"]),
    ("anyhow", &["cli/src"]),
    ("ctrlc", &["cli/src/screen"]),
    ("console", &["cli/src/screen"]),
    ("comfy_table", &["src/report/grid.rs"]),
    ("plotters", &["src/plot"]),
    ("tiny_skia", &["src/plot"]),
    ("png", &["src/plot"]),
    ("ttf_parser", &["src/plot"]),
    ("polars", &["src/table", "src/report", "src/dump/format/parquet", "src/dump/format/arrow"]),
    ("faer", &["src/numeric/linalg", "train/src/nn/matmul.rs"]),
    ("libm", &["src/stats"]),
    ("half", &["src/rows", "onnx/src/graph", "onnx/src/onnxruntime.rs"]),
    ("libc", &["src/rows"]),
    ("rustix", &["src/output"]),
    ("xxhash_rust", &["src/numeric", "src/printable.rs"]),
    ("cpu_time", &["src/latency"]),
    ("zip", &["src/dump", "train/src/data"]),
    ("ndarray_npy", &["src/dump", "train/src/data"]),
    ("safetensors", &["src/dump/format", "src/eval/fits", "train/src/checkpoint.rs", "train/src/model"]),
    ("image", &["train/src/data"]),
    ("lz4_flex", &["src/dump/format/arrow"]),
    ("zstd", &["src/dump/format/arrow"]),
    ("flate2", &["src/dump/format", "train/src/data"]),
];

fn level(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The sources of the workspace's packages; of the library alone where it was published alone.
#[allow(clippy::print_stdout, reason = "says what is not checked")]
fn packages() -> Vec<&'static str> {
    let (there, absent): (Vec<_>, Vec<_>) =
        ["src", "train/src", "onnx/src", "cli/src"].into_iter().partition(|package| workspace().join(package).is_dir());
    if !absent.is_empty() {
        println!("not checked, as they are not in this package: {}", absent.join(", "));
    }
    there
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for source in sources(&workspace().join("src")) {
        let own = source.room().to_owned();
        if own == "lib" {
            continue;
        }
        let own_level = level(&own).unwrap_or_else(|| panic!("{own} has no layer"));
        for path in source.paths() {
            if let Some(target) = path.first().filter(|target| **target != own)
                && level(target).is_some_and(|level| level >= own_level)
            {
                wrong.push(format!("{}: {own} uses {}", source.name, path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_are_named_behind_their_doors_only() {
    let mut wrong = Vec::new();
    for package in packages() {
        for source in sources(&workspace().join(package)) {
            let path = format!("{package}/{}", source.name);
            for root in source.roots() {
                let behind = |(name, _): &&(&str, &[&str])| {
                    root == *name || root.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'))
                };
                if let Some((_, doors)) = DOORS.iter().find(behind)
                    && !doors.iter().any(|door| path == *door || path.starts_with(&format!("{door}/")))
                {
                    wrong.push(format!("{path} names {root}; only {} may", doors.join(", ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
