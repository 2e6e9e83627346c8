//! Nobody types the list of scores or procedures by hand: outside their rooms a file names a few of them, in examples, never most.

use std::collections::BTreeSet;
use std::path::Path;

use super::source::{literals, sources};

/// More ids than an example needs.
const MANY_SCORES: usize = 12;

/// The ids of a room, by its pages.
fn ids(room: &Path) -> BTreeSet<String> {
    let files = std::fs::read_dir(room).unwrap().map(|entry| entry.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// The ids that stand in the literals of a text.
fn named(text: &str, ids: &BTreeSet<String>) -> usize {
    let literals = literals(text).join(" ");
    let words: BTreeSet<&str> = literals.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    ids.iter().filter(|id| words.contains(id.as_str())).count()
}

#[test]
fn no_list_of_ids_is_typed_by_hand() {
    let root = super::workspace();
    let (scores, procedures) = (ids(&root.join("src/score")), ids(&root.join("src/metric")));
    assert!(scores.len() > MANY_SCORES && procedures.len() > 2);
    let mut wrong = Vec::new();
    for package in super::packages() {
        for source in sources(&root.join(package)) {
            let path = format!("{package}/{}", source.name);
            if path.starts_with("src/score/") || path.starts_with("src/metric/") {
                continue;
            }
            let text = source.text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            if named(text, &scores) >= MANY_SCORES || named(text, &procedures) == procedures.len() {
                wrong.push(path);
            }
        }
    }
    assert!(wrong.is_empty(), "these type a list that the registry has: {}", wrong.join(", "));
}

#[test]
fn ids_are_found_in_literals_alone() {
    let ids = BTreeSet::from(["lee".to_owned(), "openood".to_owned()]);
    assert_eq!(named("let lee = 1; // \"openood\"\n", &ids), 0);
    assert_eq!(named("let a = [\"lee\", r#\"or openood, \"#];", &ids), 2);
}
