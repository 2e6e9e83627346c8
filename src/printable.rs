//! Names that others chose, such as those of runs and OOD sets, made harmless for where they are shown: a folder may be called anything.
//!
//! | where | what would do harm | what is shown |
//! |---|---|---|
//! | terminal, [`line()`] | escape codes, line breaks, marks that turn the direction of writing | as Rust escapes them: `\u{1b}`, `\n` |
//! | HTML, [`xml`] | tags, quotes; control characters, which XML forbids | entities, U+FFFD |
//! | file names, [`file_name`] | separators, `..`, what some system forbids; two names that would become one | `_`, and a checksum of the name |
//!
//! Markdown and CSV are quoted where they are written: `report::markdown::escape`, `table::csv::guard`. JSON and Parquet need nothing: they keep names as they are. What is drawn as SVG is escaped by plotters, its control characters by the plot's line breaks.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;

/// Whether a character moves the cursor, hides text or turns the direction of writing.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
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
/// assert_eq!(line("a\u{61c}b"), r"a\u{61c}b");
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
            let document = format!("<a b=\"{0}\">{0}</a>", xml(&name));
            prop_assert!(roxmltree::Document::parse(&document).is_ok_and(|d| d.root_element().attributes().len() == 1));
            let file = file_name(&name);
            prop_assert!(!file.contains(['/', '\\', ':', '\0']) && !file.starts_with('.') && !file.is_empty());
            prop_assert_eq!(name == other, file == file_name(&other));
        }
    }
}
