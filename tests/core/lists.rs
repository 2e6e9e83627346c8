//! What is in a folder is in its list, and the pages say what the entries say.

use std::collections::BTreeSet;
use std::path::Path;

use oodbench::metric::PROCEDURES;
use oodbench::score::{REGISTRY, ScoreEntry};

fn room(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)
}

/// The stems of the files of a folder that end in `ending` and hold `text`.
fn stems(folder: &Path, ending: &str, text: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .filter(|path| std::fs::read_to_string(path).unwrap().contains(text))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_score_has_a_file_a_page_and_a_place_in_the_list() {
    let listed: BTreeSet<String> = REGISTRY.iter().map(|entry| entry.id.to_owned()).collect();
    assert_eq!(stems(&room("score"), "rs", "const ENTRY: ScoreEntry ="), listed);
    assert_eq!(stems(&room("score"), "md", ""), listed);
}

#[test]
fn every_procedure_has_a_file_a_page_and_a_place_in_the_list() {
    let listed: BTreeSet<String> = PROCEDURES.iter().map(|procedure| procedure.id.to_owned()).collect();
    assert_eq!(stems(&room("metric"), "rs", "const PROCEDURE: Procedure ="), listed);
    assert_eq!(stems(&room("metric"), "md", ""), listed);
}

/// The items of a page's `## Parameters`, in order.
fn items(page: &str) -> Vec<String> {
    let section = page.split("\n## ").find_map(|part| part.strip_prefix("Parameters\n")).unwrap();
    section.split("\n- ").skip(1).map(|item| item.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// What a page says of a parameter's default: `default 50`, `` `tied` (default)``, ``default `inner_product` ``.
fn says_default(item: &str, default: &str) -> bool {
    let value = |text: &str| {
        let text = text.trim_start_matches('`');
        let end = text.find(|c: char| c.is_whitespace() || ",:;`)".contains(c)).unwrap_or(text.len());
        text[..end].trim_end_matches('.').to_owned()
    };
    item.contains(&format!("`{default}` (default)"))
        || item.split("default ").skip(1).any(|behind| value(behind) == default)
}

fn check(entry: &ScoreEntry) -> Result<(), String> {
    let items = items(entry.page);
    let names: Vec<&str> = items.iter().filter_map(|item| item.strip_prefix('`')?.split('`').next()).collect();
    let expected: Vec<&str> = entry.parameters.iter().map(|parameter| parameter.name).collect();
    if names != expected {
        return Err(format!("{}: the page has the parameters {names:?}, the entry {expected:?}", entry.id));
    }
    for (item, parameter) in items.iter().zip(entry.parameters) {
        if !parameter.default.is_empty() && !says_default(item, parameter.default) {
            return Err(format!("{}: the entry's default is {}, the page says: {item}", entry.id, parameter.default));
        }
    }
    Ok(())
}

#[test]
fn pages_have_the_parameters_of_their_entries() {
    let wrong: Vec<String> = REGISTRY.iter().filter_map(|entry| check(entry).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_page_that_differs_is_found() {
    let knn = REGISTRY.iter().find(|entry| entry.id == "knn").unwrap();
    let page = knn.page;
    for (old, new) in [("default 50", "default 500"), ("- `squared`", "- `square`"), ("- `k` from 1", "- k from 1")] {
        let changed = page.replacen(old, new, 1);
        assert_ne!(changed, page, "{old}");
        assert!(check(&ScoreEntry { page: changed.leak(), ..*knn }).is_err(), "{old}");
    }
}

/// Lists of packages that this one does not see: what starts an entry, and the file whose list names it as `stem::NAME`.
const LISTED: &[(&str, &str, &str)] = &[
    ("train/src/loss", ": LossEntry = LossEntry", "train/src/loss/registry.rs"),
    ("train/src/model", ": NetworkEntry = NetworkEntry", "train/src/model/registry.rs"),
    ("src/dump/format", "impl Format for ", "src/dump/format/mod.rs"),
];

/// The names of the entries in a text: `ENTRY` of `pub static ENTRY: LossEntry = LossEntry {`, `Npy` of `impl Format for Npy {`.
fn entries(text: &str, marker: &str) -> Vec<String> {
    let word = |text: &str| text.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap().to_owned();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines
        .filter_map(|line| {
            let (before, behind) = line.split_once(marker)?;
            let name = if marker.starts_with(':') { before.rsplit(' ').next().unwrap() } else { behind };
            Some(word(name))
        })
        .collect()
}

#[test]
fn every_loss_and_network_is_in_its_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, marker, list) in LISTED.iter().filter(|(folder, ..)| root.join(folder).is_dir()) {
        let list = std::fs::read_to_string(root.join(list)).unwrap();
        let mut all = 0;
        for stem in stems(&root.join(folder), "rs", marker) {
            let text = std::fs::read_to_string(root.join(folder).join(format!("{stem}.rs"))).unwrap();
            for name in entries(&text, marker) {
                all += 1;
                assert!(list.contains(&format!("{stem}::{name}")), "{folder}/{stem}.rs: {name} is not in the list");
            }
        }
        assert!(all > 1, "{folder}: found {all} entries");
    }
}
