//! Imports point down: every `crate::` path in a layer names that layer or one below it.

use std::path::Path;

/// Layers from the bottom up; those in one line may not see each other.
const LAYERS: &[&[&str]] = &[
    &["error", "state", "progress"],
    &["numeric", "output", "printable"],
    &["rows", "stats"],
    &["dump"],
    &["fit", "metric"],
    &["score"],
    &["table", "plot"],
    &["report"],
    &["eval", "latency"],
];

fn level(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_point_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&root).unwrap();
        let own = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if ["lib"].contains(&own.as_str()) {
            continue;
        }
        let own_level = level(&own).unwrap_or_else(|| panic!("{own} has no layer"));
        for path in std::fs::read_to_string(&file).unwrap().split("crate::").skip(1) {
            let target: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Some(target_level) = level(&target)
                && target != own
                && target_level >= own_level
            {
                wrong.push(format!("{}: {own} uses {target}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
