//! Names that others chose, such as those of runs and OOD sets, made harmless for where they are shown: a folder may be called anything.
//!
//! | where | what would do harm | what is shown |
//! |---|---|---|
//! | terminal, [`line()`] | escape codes, line breaks, marks that turn the direction of writing | as Rust escapes them: `\u{1b}`, `\n` |
//! | Markdown, [`markdown`] | bars, tags, emphasis, line breaks | a backslash before it |
//! | HTML, [`xml`] | tags, quotes; control characters, which XML forbids | entities, U+FFFD |
//! | CSV, [`csv`] | a formula to a spreadsheet: `=cmd()`, `+1`, `-1`, `@a`, and what begins with a tab or a line break | an apostrophe before it |
//! | file names, [`file_name`] | separators, `..`, what some system forbids; two names that would become one | `_`, and a checksum of the name |
//!
//! JSON and Parquet need nothing: they keep names as they are. What is drawn as SVG is escaped by plotters, its control characters by the plot's line breaks.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;

/// Whether a character moves the cursor, hides text or turns the direction of writing.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|letter| is_unseen(letter) && !keep(letter)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_unseen(letter) && !keep(letter) { out.extend(letter.escape_default()) } else { out.push(letter) }
    }
    Cow::Owned(out)
}

/// One line for a terminal.
///
/// ```
/// use oodbench::printable::line;
/// assert_eq!(line("svhn"), "svhn");
/// assert_eq!(line("a\x1b[2Jb\nc"), r"a\u{1b}[2Jb\nc");
/// ```
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Lines for a terminal: as [`line()`], but line breaks and tabs stay.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| letter == '\n' || letter == '\t')
}

/// Text in a cell of a Markdown table.
///
/// ```
/// use oodbench::printable::markdown;
/// assert_eq!(markdown("a|b <i>x_y_</i>"), r"a\|b \<i\>x_y\_\</i\>");
/// ```
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut before, line) = (' ', line(text));
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        // Inside a word an underscore is only itself.
        let inside = before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric());
        if "\\|`*<>[]&~$#!".contains(letter) || letter == '_' && !inside {
            out.push('\\');
        }
        out.push(letter);
        before = letter;
    }
    out
}

/// Text of an element or of an attribute of HTML or SVG.
///
/// ```
/// use oodbench::printable::xml;
/// assert_eq!(xml("<script>\"a\" & 'b'\u{1}"), "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;\u{fffd}");
/// ```
#[must_use]
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            letter if is_unseen(letter) => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

/// A field of CSV before it is quoted: what a spreadsheet would take for a formula gets an apostrophe, and so does what begins with one, so that
/// [`csv_back`] gives every text back.
///
/// ```
/// use oodbench::printable::{csv, csv_back};
/// assert_eq!([csv("=cmd()"), csv("a=b"), csv("'a")], ["'=cmd()", "a=b", "''a"]);
/// assert_eq!([csv_back("'=cmd()"), csv_back("a=b"), csv_back("''a")], ["=cmd()", "a=b", "'a"]);
/// ```
#[must_use]
pub fn csv(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// How a text begins that a spreadsheet would not take for one, and the mark itself.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// The text that [`csv`] was given.
#[must_use]
pub fn csv_back(field: &str) -> &str {
    match field.strip_prefix('\'') {
        Some(text) if text.starts_with(FORMULA) => text,
        _ => field,
    }
}

/// A part of a file's name. Letters and digits of ASCII, `-`, `_`, `.`, `+` stay as they are, where the name has anything else it becomes `_`, and a checksum of
/// the name follows, so that two names stay two.
///
/// ```
/// use oodbench::printable::file_name;
/// assert_eq!(file_name("svhn-1.0"), "svhn-1.0");
/// assert_ne!(file_name("x y"), file_name("x_y"));
/// assert!(file_name("../a b").starts_with("_._a_b-"));
/// ```
#[must_use]
pub fn file_name(name: &str) -> String {
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || "-_.+".contains(letter);
    // Neither hidden nor a folder above.
    let is_plain = !name.is_empty() && !name.starts_with('.') && name.chars().all(is_safe);
    if is_plain {
        return name.to_owned();
    }
    let safe: String = name.chars().map(|letter| if is_safe(letter) { letter } else { '_' }).collect();
    let safe = safe.strip_prefix('.').map_or_else(|| safe.clone(), |rest| format!("_{rest}"));
    format!("{safe}-{:08x}", xxh3_64(name.as_bytes()) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_name_is_harmless_everywhere(name in any::<String>(), other in any::<String>()) {
            prop_assert!(!line(&name).chars().any(is_unseen));
            let cell = markdown(&name);
            prop_assert!(!cell.contains('\n') && cell.replace("\\\\", "").replace("\\|", "").find('|').is_none());
            let document = format!("<a b=\"{0}\">{0}</a>", xml(&name));
            prop_assert!(roxmltree::Document::parse(&document).is_ok_and(|d| d.root_element().attributes().len() == 1));
            let field = csv(&name);
            prop_assert_eq!(csv_back(&field), &name);
            prop_assert!(!csv(&name).starts_with(['=', '+', '-', '@', '\t', '\r']));
            let file = file_name(&name);
            prop_assert!(!file.contains(['/', '\\', ':', '\0']) && !file.starts_with('.') && !file.is_empty());
            prop_assert_eq!(name == other, file == file_name(&other));
        }
    }
}
