//! Modules of a package do not import in a circle: each can be read, and understood, after those it imports.
//!
//! `pub use` in a `mod.rs` is the face of a room, no import: whoever takes a name from there is counted as taking it from where it is defined.
//! Tests may look wherever they like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where a package's modules are, by their path (`score::mds`; the root is empty).
type Modules = BTreeMap<String, Module>;

struct Module {
    /// What it takes names from, paths as written, groups taken apart.
    paths: Vec<String>,
    /// Names that it hands on, and the paths they come from.
    face: Vec<(String, String)>,
}

#[test]
fn no_circles_in_the_library() {
    check("src");
}

#[test]
fn no_circles_in_the_command_line() {
    check("cli/src");
}

#[test]
fn no_circles_in_the_trainer() {
    check("train/src");
}

#[test]
fn circles_are_found_wherever_they_hide() {
    let of = |files: &[(&str, &str)]| {
        let modules: Modules =
            files.iter().map(|(path, text)| ((*path).to_owned(), Module::read(text, *path == "a"))).collect();
        circle(&modules).map(|circle| circle.join(" "))
    };
    assert_eq!(of(&[("a", "pub mod b; pub use b::B;"), ("a::b", "use super::c::C;"), ("a::c", "fn f() {}")]), None);
    for (b, c) in [
        ("use super::c::C;", "use crate::a::b::B;"),
        ("use super::{c::C, d::{E, F}};", "fn f() { super::b::f() }"),
        ("use super::c;", "use crate::{a::{B, c::C}, x::Y};"),
        ("use crate::{\n    a::c::C,\n};", "// crate::a\nuse super::{super::a::b::B};"),
    ] {
        let found = of(&[("a", "pub use b::B;"), ("a::b", b), ("a::c", c)]).unwrap_or_default();
        assert!(found == "a::b a::c" || found == "a::c a::b", "{b} {c}: {found}");
    }
    assert_eq!(
        of(&[
            ("a", "pub use b::B;"),
            ("a::b", "use super::c::C;"),
            ("a::c", "#[cfg(test)]\nmod tests { use super::b::B; }")
        ]),
        None
    );
}

fn check(sources: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(sources);
    // The published library comes without the other packages.
    if !root.is_dir() {
        return;
    }
    let mut modules = Modules::new();
    read(&root, &root, &mut modules);
    assert!(modules.len() > 10, "{sources} holds {} modules", modules.len());
    if let Some(circle) = circle(&modules) {
        panic!("in {sources} these import each other in a circle: {}", circle.join(" -> "));
    }
}

fn read(root: &Path, folder: &Path, modules: &mut Modules) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, modules);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let inside = path.strip_prefix(root).unwrap().with_extension("");
            let mut names: Vec<&str> = inside.iter().map(|name| name.to_str().unwrap()).collect();
            let is_face = matches!(names[..], [.., "mod"] | ["lib" | "main"]);
            if is_face {
                names.pop();
            }
            modules.insert(names.join("::"), Module::read(&fs::read_to_string(&path).unwrap(), is_face));
        }
    }
}

impl Module {
    fn read(text: &str, is_face: bool) -> Self {
        let mut code = String::new();
        for line in text.lines().take_while(|line| !line.starts_with("mod tests")) {
            code.push_str(line.split("//").next().unwrap_or_default());
            code.push('\n');
        }
        let code = code.replace("r#", "");
        let (mut paths, mut face, mut rest) = (Vec::new(), Vec::new(), String::new());
        for statement in code.split_inclusive(';') {
            match statement.rsplit_once("use ") {
                Some((before, tree)) if before.is_empty() || before.ends_with(['\n', ' ', ')']) => {
                    let taken = taken_apart(&tree.split_whitespace().collect::<Vec<_>>().join(" "));
                    let is_public = before.trim_end().ends_with("pub") || before.trim_end().ends_with(')');
                    if is_face && is_public {
                        // Paths of a face begin at the room's own modules.
                        face.extend(taken.into_iter().map(|path| (last(&path), format!("self::{path}"))));
                    } else {
                        paths.extend(taken);
                    }
                    rest.push_str(before);
                }
                _ => rest.push_str(statement),
            }
        }
        let of_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
        paths.extend(rest.split(|letter| !of_path(letter)).filter(|path| path.contains("::")).map(str::to_owned));
        Self { paths, face }
    }
}

/// `a::{b, c::{d, e}};` as `a::b`, `a::c::d` and `a::c::e`.
fn taken_apart(tree: &str) -> Vec<String> {
    let tree = tree.trim().trim_end_matches(';');
    let Some((before, inside)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inside = inside.rsplit_once('}').map_or(inside, |(inside, _)| inside);
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for letter in inside.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if letter == ',' && depth == 0 { parts.push(String::new()) } else { parts.last_mut().unwrap().push(letter) }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(|part| taken_apart(&format!("{}{part}", before.trim()))).collect()
}

fn last(path: &str) -> String {
    path.rsplit("::").next().unwrap_or_default().to_owned()
}

/// The module that defines what a path names, seen from a module; none outside the package.
fn target(modules: &Modules, from: &str, path: &str) -> Option<String> {
    let mut at: Vec<&str> = from.split("::").filter(|name| !name.is_empty()).collect();
    let mut names = path.split("::").filter(|name| !name.is_empty()).peekable();
    match names.peek().copied()? {
        "crate" => {
            at.clear();
            names.next();
        }
        "self" => {
            names.next();
            match names.peek().copied()? {
                "crate" | "super" | "self" => return target(modules, from, path.split_once("::")?.1),
                _ => {}
            }
        }
        "super" => {
            while names.next_if_eq(&"super").is_some() {
                at.pop();
            }
        }
        _ => return None,
    }
    let mut module = at.join("::");
    for name in names {
        let inner = if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") };
        if modules.contains_key(&inner) {
            module = inner;
        } else {
            let handed_on = modules.get(&module)?.face.iter().find(|(known, _)| known == name);
            return match handed_on {
                Some((_, path)) => target(modules, &module, path),
                None => Some(module),
            };
        }
    }
    Some(module)
}

/// Some modules that import each other in a circle, if there are any.
fn circle(modules: &Modules) -> Option<Vec<String>> {
    let imports = |(from, module): (&String, &Module)| -> (String, BTreeSet<String>) {
        let targets = module.paths.iter().filter_map(|path| target(modules, from, path));
        (from.clone(), targets.filter(|target| target != from).collect())
    };
    let mut left: BTreeMap<String, BTreeSet<String>> = modules.iter().map(imports).collect();
    // What imports nothing that is left is in no circle.
    loop {
        let before = left.len();
        let names: BTreeSet<String> = left.keys().cloned().collect();
        left.retain(|_, imports| {
            imports.retain(|target| names.contains(target));
            !imports.is_empty()
        });
        if left.len() == before {
            break;
        }
    }
    let mut walk = vec![left.keys().next()?.clone()];
    loop {
        let next = left[walk.last()?].first()?.clone();
        match walk.iter().position(|module| *module == next) {
            Some(start) => return Some(walk.split_off(start)),
            None => walk.push(next),
        }
    }
}
