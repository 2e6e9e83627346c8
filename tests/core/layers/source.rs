//! The sources of a package as the laws read them: without comments and string literals, with every path that starts at the crate written out.

use std::path::{Path, PathBuf};

/// A source file.
pub(crate) struct Source {
    /// Its path below the package's `src`, with `/`.
    pub(crate) name: String,
    /// Its text without comments and literals.
    pub(crate) code: String,
    /// Its text.
    pub(crate) text: String,
}

impl Source {
    /// The modules that lead to the file: `plot/font/mod.rs` is `[plot, font]`.
    pub(crate) fn modules(&self) -> Vec<&str> {
        let stem = self.name.trim_end_matches(".rs");
        stem.split('/').filter(|part| !["mod", "lib", "main"].contains(part)).collect()
    }

    /// The room: the first module.
    pub(crate) fn room(&self) -> &str {
        self.modules().first().copied().unwrap_or("lib")
    }

    /// Every path of the code that starts at `crate` or with `super`, from the crate's root; groups written out.
    pub(crate) fn paths(&self) -> Vec<Vec<String>> {
        let tokens = tokens(&self.code);
        // Modules written in the file itself, each with the depth of braces it opens at.
        let mut inside: Vec<(String, usize)> = Vec::new();
        let (mut depth, mut found, mut at) = (0_usize, Vec::new(), 0);
        while at < tokens.len() {
            match tokens[at].as_str() {
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    inside.retain(|(_, opened)| *opened < depth);
                }
                "mod" if tokens.get(at + 2).is_some_and(|next| next == "{") => {
                    inside.push((tokens[at + 1].clone(), depth));
                }
                "crate" | "super" if !continues(&tokens, at) && !narrows(&tokens, at) => {
                    let mut base: Vec<String> = Vec::new();
                    if tokens[at] == "super" {
                        base.extend(self.modules().iter().map(ToString::to_string));
                        base.extend(inside.iter().map(|(name, _)| name.clone()));
                        base.pop();
                    }
                    let mut next = at + 1;
                    while tokens.get(next).is_some_and(|t| t == "::")
                        && tokens.get(next + 1).is_some_and(|t| t == "super")
                    {
                        base.pop();
                        next += 2;
                    }
                    if tokens.get(next).is_some_and(|token| token == "::") {
                        tree(&tokens, next + 1, &base, &mut found);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        found
    }

    /// The crates that the code names: `serde_json::to_string`, `::polars::frame`, `use zip as z`, `extern crate png`. The tests at the end of a file may name any.
    pub(crate) fn roots(&self) -> Vec<String> {
        let code = self.code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let tokens = tokens(code);
        let is = |at: Option<usize>, words: &[&str]| {
            at.and_then(|at| tokens.get(at)).is_some_and(|token| words.contains(&token.as_str()))
        };
        let names = |at: &usize| is_name(&tokens[*at]) && !KEYWORDS.contains(&tokens[*at].as_str());
        let mut found: Vec<usize> = (0..tokens.len()).filter(names).collect();
        found.retain(|&at| {
            let before = at.checked_sub(1);
            let of_path = is(Some(at + 1), &["::"]) && !continues(&tokens, at);
            let whole = is(before, &["use"]) && is(Some(at + 1), &["as", ";"]);
            of_path || whole || (is(before, &["crate"]) && is(at.checked_sub(2), &["extern"]))
        });
        let mut roots: Vec<String> =
            found.into_iter().map(|at| tokens[at].trim_start_matches("r#").to_owned()).collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Words that end where a path may begin with `::`.
const KEYWORDS: [&str; 14] =
    ["as", "dyn", "else", "for", "if", "impl", "in", "match", "mut", "return", "unsafe", "use", "where", "while"];

/// Whether the name at `at` goes on with a path: behind `::` that has something before it.
fn continues(tokens: &[String], at: usize) -> bool {
    if at == 0 || tokens[at - 1] != "::" {
        return false;
    }
    let back = |by: usize| at.checked_sub(by).map(|before| tokens[before].as_str());
    match back(2) {
        // That of `->` and `=>` closes nothing.
        Some(">") => !matches!(back(3), Some("-" | "=")),
        // `self::super` leads as far as `super`.
        Some("self") => tokens[at] != "super",
        before => before.is_some_and(|token| is_name(token) && !KEYWORDS.contains(&token)),
    }
}

/// Whether the `crate` or `super` at `at` says who may see an item: `pub(crate)`, `pub(in crate::eval)`.
fn narrows(tokens: &[String], at: usize) -> bool {
    let stands = |back: usize, what: &str| at.checked_sub(back).is_some_and(|at| tokens[at] == what);
    let closed = tokens.get(at + 1).is_some_and(|next| next == ")");
    stands(2, "pub") && stands(1, "(") && closed || stands(3, "pub") && stands(2, "(") && stands(1, "in")
}

/// What stands behind `base::` from token `at` on: names, and groups in braces. Gives the place behind it.
fn tree(tokens: &[String], mut at: usize, base: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = base.to_vec();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while at < tokens.len() && tokens[at] != "}" {
                    at = tree(tokens, at, &path, found);
                    if tokens.get(at).is_some_and(|token| token == "as") {
                        at += 2;
                    }
                    if tokens.get(at).is_some_and(|token| token == ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            Some(name) if is_name(name) || name == "*" => {
                path.push(name.trim_start_matches("r#").to_owned());
                at += 1;
            }
            // What is not understood ends a path; never without getting on.
            _ => {
                found.push(path);
                return at + 1;
            }
        }
        if tokens.get(at).is_some_and(|token| token == "::") {
            at += 1;
        } else {
            found.push(path);
            return at;
        }
    }
}

/// Names, `::` and single signs.
fn tokens(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let name = rest.trim_start_matches("r#");
        let length = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
        let taken = if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
            continue;
        } else if length > 0 {
            rest.len() - name.len() + length
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        found.push(rest[..taken].to_owned());
        rest = &rest[taken..];
    }
    found
}

/// A stretch of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Literal,
}

/// The text in stretches of code, comments and literals.
fn parts(text: &str) -> Vec<(Part, String)> {
    let chars: Vec<char> = text.chars().collect();
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
    let behind = |from: usize, what: &str| {
        (from..chars.len()).find(|&i| starts(i, what)).map_or(chars.len(), |i| i + what.chars().count())
    };
    let mut parts: Vec<(Part, String)> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let (part, end) = if starts(at, "//") {
            (Part::Comment, behind(at, "\n"))
        } else if starts(at, "/*") {
            (Part::Comment, behind(at, "*/"))
        } else if let Some(hashes) = raw_string(&chars[at..]) {
            (Part::Literal, behind(at + hashes + 2, &format!("\"{}", "#".repeat(hashes))))
        } else if chars[at] == '"' {
            (Part::Literal, quoted(&chars, at))
        } else if chars[at] == '\'' && (chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'')) {
            // A character; 'a without a closing quote is a lifetime.
            (Part::Literal, quoted(&chars, at))
        } else {
            (Part::Code, at + 1)
        };
        let text = chars[at..end].iter();
        match parts.last_mut() {
            Some((Part::Code, code)) if part == Part::Code => code.extend(text),
            _ => parts.push((part, text.collect())),
        }
        at = end;
    }
    parts
}

/// The code alone; of comments and literals the ends of lines are left.
fn without_comments_and_literals(text: &str) -> String {
    let code = parts(text).into_iter().map(|(part, text)| match part {
        Part::Code => text,
        Part::Comment | Part::Literal => format!(" {}", "\n".repeat(text.matches('\n').count())),
    });
    code.collect()
}

/// The string and character literals, quotes included.
pub(crate) fn literals(text: &str) -> Vec<String> {
    parts(text).into_iter().filter(|(part, _)| *part == Part::Literal).map(|(_, text)| text).collect()
}

/// How many `#` a raw string that starts here has.
fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest.get(1..)?.iter().take_while(|c| **c == '#').count();
    (rest[0] == 'r' && rest.get(1 + hashes) == Some(&'"')).then_some(hashes)
}

/// The place behind the quote that closes the one at `start`.
fn quoted(bytes: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != bytes[start] {
        at += if bytes[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// All Rust files below a folder, by name.
pub(crate) fn sources(root: &Path) -> Vec<Source> {
    let mut paths = Vec::new();
    rust_files(root, &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        Source { name, code: without_comments_and_literals(&text), text }
    };
    paths.into_iter().map(read).collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

pub(crate) fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), code: without_comments_and_literals(text), text: text.to_owned() }
}

fn paths(name: &str, text: &str) -> Vec<String> {
    source(name, text).paths().into_iter().map(|path| path.join("::")).collect()
}

#[test]
fn groups_and_supers_are_followed_to_the_root() {
    assert_eq!(
        paths("fit/mean.rs", "use crate::{numeric::{sort, top as best}, score::Need};"),
        ["numeric::sort", "numeric::top", "score::Need"]
    );
    assert_eq!(paths("eval/tune/mod.rs", "use super::super::score::Need;"), ["score::Need"]);
    assert_eq!(
        paths("eval/fits/read.rs", "use super::{Plan, error::*};"),
        ["eval::fits::Plan", "eval::fits::error::*"]
    );
    assert_eq!(
        paths("fit/mean.rs", "mod tests { use super::super::super::score; } fn f() { super::g() }"),
        ["score", "fit::g"]
    );
    assert_eq!(paths("fit/mean.rs", "fn f(x: &'static str) -> crate::rows::Rows { 'a' }"), ["rows::Rows"]);
    assert_eq!(
        paths("fit/mean.rs", "f(crate::eval::x(), Some(super::super::eval::X)); for x in crate::eval::all() {}"),
        ["eval::x", "eval::X", "eval::all"]
    );
    let narrowed =
        "pub(crate) fn f() {} pub(super) x: u8, pub(in crate::eval) y: u8, pub(in super::super) z: (crate::a::B,)";
    assert_eq!(paths("fit/mean.rs", narrowed), ["a::B"]);
    assert_eq!(paths("fit/mean.rs", "struct S(pub (crate::a::B, u8), self::super::C);"), ["a::B", "fit::C"]);
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = "// use crate::a;\n/* crate::b */ let s = \"crate::c\\\"\"; r#\"crate::d \" \"#; '\"'; use crate::e;";
    assert_eq!(paths("x.rs", text), ["e"]);
}

#[test]
fn crates_are_found_by_what_stands_before_the_first_colons() {
    let found = source("x.rs", "use serde_json::Value; fn f() { polars::frame::x(); a.b::<zip::Archive>() }").roots();
    assert_eq!(found, ["b", "polars", "serde_json", "zip"]);
    let ways = "extern crate png; use half as h; pub use libm; use ::clap::Parser; fn f() -> ::zip::Archive { return ::faer::mat() }";
    assert_eq!(source("x.rs", ways).roots(), ["clap", "faer", "half", "libm", "png", "zip"]);
    let of_paths = "let x = <T as image::Frame>::Item::new(); f::<u8>::g(); extern crate self as own;";
    assert_eq!(source("x.rs", of_paths).roots(), ["f", "image", "self"]);
}
