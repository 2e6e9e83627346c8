//! Modules of a package do not import in a circle: each can be read after those it imports.
//!
//! `pub use` in a `mod.rs` is the face of a room and no import: whoever takes a name from there takes it from where it is defined. The tests at the
//! end of a file may look wherever they like.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, source, sources};
use super::{packages, workspace};

/// The modules of a package by their path (`score::mds`; the root is empty).
type Modules = BTreeMap<String, Module>;

struct Module {
    /// Its file, without the tests and without what it only hands on.
    code: Source,
    /// The names that it hands on, each with the path it comes from.
    face: BTreeMap<String, Vec<String>>,
}

#[test]
fn no_modules_import_in_a_circle() {
    for package in packages() {
        let modules: Modules = sources(&workspace().join(package)).iter().map(module).collect();
        assert!(modules.len() > 10, "{package} holds {} modules", modules.len());
        if let Some(circle) = circle(&modules) {
            panic!("in {package} these import each other in a circle: {}", circle.join(" -> "));
        }
    }
}

#[test]
fn circles_are_found_wherever_they_hide() {
    let of = |files: [(&str, &str); 3]| {
        let modules: Modules = files.iter().map(|(name, text)| module(&source(name, text))).collect();
        circle(&modules).map(|circle| circle.join(" "))
    };
    let face = ("a/mod.rs", "pub mod b; pub use b::B;");
    assert_eq!(of([face, ("a/b.rs", "use super::c::C;"), ("a/c.rs", "fn f() {}")]), None);
    for (b, c) in [
        ("use super::c::C;", "use crate::a::b::B;"),
        ("use super::{c::C, d::{E, F}};", "fn f() { super::b::f() }"),
        ("use super::c;", "use crate::{a::{B, c::C}, x::Y};"),
        ("use crate::{\n    a::c::C,\n};", "// crate::a\nuse super::super::a::b::B;"),
    ] {
        assert_eq!(of([face, ("a/b.rs", b), ("a/c.rs", c)]).as_deref(), Some("a::b a::c"), "{b} {c}");
    }
    let tests = "#[cfg(test)]\nmod tests {\n    use super::super::b::B;\n}";
    assert_eq!(of([face, ("a/b.rs", "use super::c::C;"), ("a/c.rs", tests)]), None);
    // A list of what imports the room that holds the list.
    let list = ("a/mod.rs", "pub struct A; pub const ALL: [A; 1] = [b::ENTRY];");
    assert_eq!(of([list, ("a/b.rs", "use super::A;"), ("a/c.rs", "")]).as_deref(), Some("a a::b"));
}

fn module(source: &Source) -> (String, Module) {
    let path = source.modules().join("::");
    let code = source.code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let is_face = ["mod.rs", "lib.rs", "main.rs"].iter().any(|name| source.name.ends_with(name));
    let (mut own, mut face) = (String::new(), BTreeMap::new());
    for statement in code.split_inclusive(';') {
        match statement.trim().strip_prefix("pub use ").or_else(|| statement.trim().strip_prefix("pub(crate) use ")) {
            Some(tree) if is_face => {
                // Paths of a face begin at the room's own modules.
                let from = if tree.starts_with("crate::") { String::new() } else { format!("crate::{path}::") };
                let handed_on = read(&source.name, &format!("use {from}{tree}")).paths();
                face.extend(handed_on.into_iter().filter_map(|path| Some((path.last()?.clone(), path))));
            }
            _ => own.push_str(statement),
        }
    }
    (path, Module { code: read(&source.name, &own), face })
}

fn read(name: &str, code: &str) -> Source {
    Source { name: name.to_owned(), code: code.to_owned(), text: String::new() }
}

/// The module that defines what a path from the crate's root names.
fn target(modules: &Modules, path: &[String]) -> Option<String> {
    let mut module = String::new();
    for name in path {
        let inner = if module.is_empty() { name.clone() } else { format!("{module}::{name}") };
        if modules.contains_key(&inner) {
            module = inner;
        } else {
            return match modules.get(&module).and_then(|module| module.face.get(name)) {
                Some(handed_on) if handed_on != path => target(modules, handed_on),
                _ => Some(module),
            };
        }
    }
    Some(module)
}

/// The modules that one imports.
fn imports(modules: &Modules, path: &str, module: &Module) -> BTreeSet<String> {
    let mut found: BTreeSet<String> =
        module.code.paths().iter().filter_map(|taken| target(modules, taken)).filter(|taken| taken != path).collect();
    // A room names its own modules without `self`.
    let children = module.code.roots().into_iter().map(|name| format!("{path}::{name}"));
    found.extend(children.filter(|child| modules.contains_key(child)));
    found
}

/// Some modules that import each other in a circle, if there are any.
fn circle(modules: &Modules) -> Option<Vec<String>> {
    let of = |(path, module): (&String, &Module)| (path.clone(), imports(modules, path, module));
    let mut left: BTreeMap<String, BTreeSet<String>> = modules.iter().map(of).collect();
    // What imports nothing that is left is in no circle.
    loop {
        let names: BTreeSet<String> = left.keys().cloned().collect();
        left.values_mut().for_each(|imports| imports.retain(|taken| names.contains(taken)));
        left.retain(|_, imports| !imports.is_empty());
        if left.len() == names.len() {
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
