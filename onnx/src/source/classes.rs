//! From names of classes to their numbers, once for all splits of a network's data.

use std::collections::BTreeSet;
use std::path::Path;

use oodbench::dump::format::file;

use crate::error::OnnxError;

/// No list of classes is longer.
const MOST_BYTES: u64 = 1 << 22;

/// The name of a class where it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassName {
    /// The file and line, or the folder.
    pub place: String,
    /// The name.
    pub name: String,
}

/// The classes of a network in the order of its logits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Classes {
    /// Names in the network's order.
    Named(Vec<String>),
    /// Names are numbers and stand for themselves.
    Numbered,
}

impl Classes {
    /// Reads a file with a name a line, in the network's order.
    ///
    /// # Errors
    /// [`OnnxError`] if it cannot be read, has no name, or one twice.
    pub fn read(path: &Path) -> Result<Self, OnnxError> {
        let text = file::text(path, MOST_BYTES)?;
        let lines = without_mark(&text).lines().map(|line| line.trim().to_owned());
        let names: Vec<String> = lines.filter(|name| !name.is_empty()).collect();
        let distinct: BTreeSet<&String> = names.iter().collect();
        let wrong =
            |found: &str| OnnxError::file(path, found, "the name of each class once, a line each", "correct it");
        match (names.is_empty(), distinct.len() == names.len()) {
            (true, _) => Err(wrong("no names")),
            (false, false) => Err(wrong("a name twice")),
            (false, true) => Ok(Self::Named(names)),
        }
    }

    /// The classes of all splits together: sorted names, or numbers. One split alone would number them otherwise where it lacks one.
    ///
    /// # Errors
    /// [`OnnxError`] for a name beside numbers, such as a line of headings.
    pub fn of(met: &[ClassName]) -> Result<Self, OnnxError> {
        let name = met.iter().find(|class| as_number(&class.name).is_none());
        let number = met.iter().find(|class| as_number(&class.name).is_some());
        match (name, number) {
            (None, _) => Ok(Self::Numbered),
            (Some(_), None) => {
                let sorted: BTreeSet<&String> = met.iter().map(|class| &class.name).collect();
                Ok(Self::Named(sorted.into_iter().cloned().collect()))
            }
            (Some(name), Some(number)) => Err(OnnxError::content(
                &name.place,
                format!("class {:?} beside {:?} ({})", name.name, number.name, number.place),
                "names alone or numbers alone",
                "take out a line of headings, or list the names with --classes",
            )),
        }
    }

    /// How many there are, where they have names.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Named(names) => Some(names.len()),
            Self::Numbered => None,
        }
    }

    /// The number of each class.
    ///
    /// # Errors
    /// [`OnnxError`] for a name that is not among them.
    pub fn number(&self, met: &[ClassName]) -> Result<Vec<i64>, OnnxError> {
        let number = |class: &ClassName| {
            let (found, expected) = match self {
                Self::Named(names) => {
                    let at = names.iter().position(|name| *name == class.name);
                    (at.map(|at| at as i64), format!("one of the {} classes", names.len()))
                }
                Self::Numbered => (as_number(&class.name), "a number from 0 on".to_owned()),
            };
            let wrong = || {
                let found = format!("class {:?}", class.name);
                OnnxError::content(&class.place, found, expected, "correct it, or the list of --classes")
            };
            found.ok_or_else(wrong)
        };
        met.iter().map(number).collect()
    }
}

/// A class by its number.
fn as_number(name: &str) -> Option<i64> {
    name.parse().ok().filter(|number| *number >= 0)
}

/// A text without the mark that some editors put before it.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(names: &[&str]) -> Vec<ClassName> {
        let class = |(at, name): (usize, &&str)| ClassName { place: format!("line {at}"), name: (*name).to_owned() };
        names.iter().enumerate().map(class).collect()
    }

    #[test]
    fn names_are_sorted_listed_or_numbers() {
        let all = Classes::of(&met(&["b", "a", "c", "b"])).unwrap();
        assert_eq!((all.count(), all.number(&met(&["b", "c"])).unwrap()), (Some(3), vec![1, 2]));
        let numbers = Classes::of(&met(&["3", "10"])).unwrap();
        assert_eq!((numbers.count(), numbers.number(&met(&["10", "3"])).unwrap()), (None, vec![10, 3]));
        let listed = Classes::Named(["b", "c", "a"].map(str::to_owned).to_vec());
        assert_eq!(listed.number(&met(&["a", "b"])).unwrap(), [2, 0]);
        let error = listed.number(&met(&["d"])).unwrap_err().to_string();
        assert_eq!(
            error,
            "line 0: found class \"d\", expected one of the 3 classes; correct it, or the list of --classes"
        );
    }

    #[test]
    fn a_line_of_headings_is_named() {
        let error = Classes::of(&met(&["label", "0", "1"])).unwrap_err().to_string();
        assert!(
            error.starts_with("line 0: found class \"label\" beside \"0\" (line 1), expected names alone"),
            "{error}"
        );
        assert!(Classes::of(&met(&["0", "-1"])).is_err());
    }

    #[test]
    fn the_mark_of_an_editor_is_no_part_of_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("classes.txt");
        std::fs::write(&path, "\u{feff}cat\n\n dog \n").unwrap();
        assert_eq!(Classes::read(&path).unwrap(), Classes::Named(vec!["cat".to_owned(), "dog".to_owned()]));
        std::fs::write(&path, "cat\ncat\n").unwrap();
        assert!(Classes::read(&path).unwrap_err().to_string().contains("found a name twice"));
    }
}
