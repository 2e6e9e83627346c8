//! From names of classes to their numbers.

use std::collections::BTreeSet;
use std::path::Path;

use oodbench::dump::format::file;

use crate::error::OnnxError;

/// No list of classes is longer.
const MOST_BYTES: u64 = 1 << 22;

/// The classes of a network in the order of its logits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classes(Vec<String>);

impl Classes {
    /// Reads a file with a name a line, in the network's order.
    ///
    /// # Errors
    /// [`OnnxError`] if it cannot be read, has no name, or one twice.
    pub fn read(path: &Path) -> Result<Self, OnnxError> {
        let text = file::text(path, MOST_BYTES)?;
        let names: Vec<String> =
            text.lines().map(|line| line.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        let distinct: BTreeSet<&String> = names.iter().collect();
        let wrong =
            |found: &str| OnnxError::file(path, found, "the name of each class once, a line each", "correct it");
        match (names.is_empty(), distinct.len() == names.len()) {
            (true, _) => Err(wrong("no names")),
            (false, false) => Err(wrong("a name twice")),
            (false, true) => Ok(Self(names)),
        }
    }

    /// The class of each row: its place in the list, or among the sorted names where there is none. Names that are numbers stand for themselves then.
    ///
    /// # Errors
    /// [`OnnxError`] for a name that is not in the list.
    pub fn number(listed: Option<&Self>, set: &str, names: &[String]) -> Result<Vec<i64>, OnnxError> {
        let sorted = || Self(names.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect());
        if listed.is_none() {
            let numbers: Option<Vec<i64>> =
                names.iter().map(|name| name.parse().ok().filter(|number| *number >= 0)).collect();
            if let Some(numbers) = numbers {
                return Ok(numbers);
            }
        }
        let classes = listed.cloned().unwrap_or_else(sorted);
        let number = |name: &String| {
            let at = classes.0.iter().position(|class| class == name);
            at.map(|at| at as i64).ok_or_else(|| {
                let expected = format!("one of {} classes of --classes", classes.0.len());
                OnnxError::content(set, format!("class {name:?}"), expected, "correct the list")
            })
        };
        names.iter().map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_listed_or_numbers() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(Classes::number(None, "set", &names(&["b", "a", "b"])).unwrap(), [1, 0, 1]);
        assert_eq!(Classes::number(None, "set", &names(&["3", "10"])).unwrap(), [3, 10]);
        let listed = Classes(names(&["b", "c", "a"]));
        assert_eq!(Classes::number(Some(&listed), "set", &names(&["a", "b"])).unwrap(), [2, 0]);
        let error = Classes::number(Some(&listed), "set", &names(&["d"])).unwrap_err().to_string();
        assert_eq!(error, "set: found class \"d\", expected one of 3 classes of --classes; correct the list");
    }
}
