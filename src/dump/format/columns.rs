//! Named columns of numbers as named arrays: `logits_0, logits_1, label` are `logits` (n, 2) and `label` (n). All tables, whatever format they come in, are
//! understood here.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::entry::{list, only, printable};
use super::tree;
use crate::dump::error::DumpError;
use crate::rows::array::{Memory, StoredArray};
use crate::rows::element::{Dtype, Endian, Float};

/// The numbers of a column, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cells {
    /// Single precision.
    #[cfg_attr(not(feature = "parquet"), allow(dead_code, reason = "text has no single precision"))]
    Single(Vec<f32>),
    /// Double precision.
    Double(Vec<f64>),
    /// Whole numbers.
    Whole(Vec<i64>),
}

/// A column.
pub(super) struct Column {
    /// Numbers in each row; 1 where rows are no lists.
    pub(super) width: usize,
    /// Whether its rows are lists, whatever their length.
    pub(super) is_list: bool,
    /// The numbers of all rows.
    pub(super) cells: Cells,
}

const NATIVE: Endian = if cfg!(target_endian = "big") { Endian::Big } else { Endian::Little };

/// The name of an array and the number of a column in it: `logits_12` is column 12 of `logits`, `logits.3` column 3. Names that end in no number are arrays.
fn numbered(name: &str) -> Option<(&str, usize)> {
    // `features@block1` is a layer.
    let name = Some(name).filter(|name| !name.contains('@'))?;
    let trimmed = name.strip_suffix([']', ')']).unwrap_or(name);
    let base = trimmed.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let number = trimmed[base.len()..].parse().ok()?;
    Some((base.trim_end_matches(['_', '.', '-', '[', '(', ' ']), number))
}

/// The columns of each array by its name, in the order of their numbers. Columns whose numbers do not follow each other are arrays of their own.
fn groups<N: AsRef<str>>(names: &[N]) -> BTreeMap<String, Vec<usize>> {
    let names = texts(names);
    let mut by_base: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        match numbered(name) {
            Some((base, number)) => by_base.entry(base).or_default().push((number, at)),
            None => drop(groups.insert((*name).to_owned(), vec![at])),
        }
    }
    for (base, mut members) in by_base {
        members.sort_unstable();
        let first = members[0].0;
        let follow = first <= 1
            && members.len() > 1
            && members.iter().enumerate().all(|(at, (number, _))| *number == first + at);
        if follow && !groups.contains_key(base) {
            groups.insert(base.to_owned(), members.into_iter().map(|(_, at)| at).collect());
        } else {
            groups.extend(members.into_iter().map(|(_, at)| (names[at].to_owned(), vec![at])));
        }
    }
    groups
}

/// The names of the arrays that columns of these names are, sorted.
pub(super) fn arrays<N: AsRef<str>>(names: &[N]) -> Vec<String> {
    groups(names).into_keys().collect()
}

/// Of the arrays that columns of these names are, the wanted one or the only one: its name, and the places of its columns in the order of their numbers. The
/// `skipped` first columns are of no array.
///
/// # Errors
/// [`DumpError`] if there is none of that name, several and no name, or two columns of one name among those that it could be made of.
pub(super) fn pick<N: AsRef<str>>(
    path: &Path,
    names: &[N],
    skipped: usize,
    wanted: Option<&str>,
) -> Result<(String, Vec<usize>), DumpError> {
    let names = names.get(skipped..).unwrap_or_default();
    let mut groups = groups(names);
    let known: Vec<String> = groups.keys().cloned().collect();
    let name = wanted.map_or_else(|| only(path, &known), Ok)?.to_owned();
    // Two parts of one number follow nothing: they would be missed as a whole, not as what is there twice.
    let is_of_it = |own: &str| own == name || numbered(own).is_some_and(|(base, _)| base == name);
    let of_it = (skipped..).zip(texts(names)).filter(|(_, own)| is_of_it(own));
    if let Some(found) = first_twice(of_it) {
        return Err(twice(path, found));
    }
    let columns = groups.remove(&name).ok_or_else(|| {
        let found = format!("columns {}", list(&known));
        DumpError::malformed(path, found, format!("some of {}", printable(&name)), "rename them")
    })?;
    Ok((name, columns.into_iter().map(|at| at + skipped).collect()))
}

/// Refuses two columns of one name: nobody can tell which of them is meant.
#[cfg_attr(not(feature = "parquet"), allow(dead_code, reason = "text has no schema"))]
pub(super) fn check_names<N: AsRef<str>>(path: &Path, names: &[N]) -> Result<(), DumpError> {
    first_twice((0..).zip(texts(names))).map_or(Ok(()), |found| Err(twice(path, found)))
}

fn twice(path: &Path, found: String) -> DumpError {
    DumpError::malformed(path, found, "each name once", "rename one of them")
}

/// Words for the first two columns of one name. Places are counted from 1.
fn first_twice<'n>(mut names: impl Iterator<Item = (usize, &'n str)>) -> Option<String> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    names.find_map(|(at, name)| {
        let first = seen.insert(name, at)?;
        Some(format!("the name {} twice, of columns {} and {}", printable(name), first + 1, at + 1))
    })
}

fn texts<N: AsRef<str>>(names: &[N]) -> Vec<&str> {
    names.iter().map(AsRef::as_ref).collect()
}

/// An array of some columns of so many rows: of one column (n), of several or of lists (n, columns).
pub(super) fn array(path: &Path, name: &str, columns: &[&Column], rows: usize) -> Result<StoredArray, DumpError> {
    let shown = tree::shown(path, name);
    let width: usize = columns.iter().map(|column| column.width).sum();
    let shape = match columns {
        [one] if !one.is_list => vec![rows],
        _ => vec![rows, width],
    };
    let is_whole = columns.iter().all(|column| matches!(column.cells, Cells::Whole(_)));
    let is_single = columns.iter().all(|column| matches!(column.cells, Cells::Single(_)));
    let (dtype, memory): (Dtype, Arc<dyn Memory>) = if is_whole && shape.len() == 1 {
        let whole = |column: &Column, at: usize| if let Cells::Whole(cells) = &column.cells { cells[at] } else { 0 };
        (Dtype::Signed(8, NATIVE), Arc::new(joined(columns, rows, whole)))
    } else if is_single {
        let single =
            |column: &Column, at: usize| if let Cells::Single(cells) = &column.cells { cells[at] } else { 0.0 };
        (Dtype::Float(Float::F32, NATIVE), Arc::new(joined(columns, rows, single)))
    } else {
        let double = |column: &Column, at: usize| match &column.cells {
            Cells::Single(cells) => f64::from(cells[at]),
            Cells::Double(cells) => cells[at],
            Cells::Whole(cells) => cells[at] as f64,
        };
        (Dtype::Float(Float::F64, NATIVE), Arc::new(joined(columns, rows, double)))
    };
    StoredArray::new(shown.clone(), dtype, shape, memory, 0).ok_or_else(|| {
        DumpError::malformed(shown, "columns of several lengths", "one number per row in each", "write the file again")
    })
}

/// The cells of some columns, row by row.
fn joined<T>(columns: &[&Column], rows: usize, cell: impl Fn(&Column, usize) -> T) -> Vec<T> {
    let width: usize = columns.iter().map(|column| column.width).sum();
    // The columns hold as many, so that this is no claim of a file.
    let mut all = Vec::with_capacity(rows * width);
    for row in 0..rows {
        for column in columns {
            all.extend((0..column.width).map(|at| cell(column, row * column.width + at)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_columns_are_one_array() {
        let names = ["logits_1", "logits_0", "label", "feat.1", "feat.2", "f10", "f12", "x[0]", "x[1]", "block1"];
        let found: Vec<(String, Vec<usize>)> = groups(&names).into_iter().collect();
        let expected = [
            ("block1", vec![9]),
            ("f10", vec![5]),
            ("f12", vec![6]),
            ("feat", vec![3, 4]),
            ("label", vec![2]),
            ("logits", vec![1, 0]),
            ("x", vec![7, 8]),
        ];
        assert_eq!(found, expected.map(|(name, at)| (name.to_owned(), at)));
        assert_eq!(groups(&["0", "1", "2"]).into_iter().collect::<Vec<_>>(), [(String::new(), vec![0, 1, 2])]);
    }

    #[test]
    fn an_array_is_picked_by_its_name_or_alone() {
        let picked = |names: &[&str], wanted: Option<&str>| {
            pick(Path::new("a.csv"), names, 0, wanted).map_err(|error| error.to_string())
        };
        let names = ["label", "x_1", "x_0", "note", "note"];
        assert_eq!(picked(&names, Some("x")), Ok(("x".to_owned(), vec![2, 1])));
        assert_eq!(picked(&["a_0", "a_1"], None), Ok(("a".to_owned(), vec![0, 1])));
        for (names, wanted, expected) in [
            (&names[..], Some("y"), "a.csv: found columns label, note, x, expected some of y; rename them"),
            (&names, Some("note"), "a.csv: found the name note twice, of columns 4 and 5, expected each name once;"),
            (&["x_0", "x_1", "x_0"], Some("x"), "a.csv: found the name x_0 twice, of columns 1 and 3, expected each"),
            (&["a", "a"], None, "a.csv: found the name a twice, of columns 1 and 2, expected each name once;"),
            (&names, None, "a.csv: found 3 arrays (label, note, x), expected one array;"),
        ] {
            let error = picked(names, wanted).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        let behind_an_index = pick(Path::new("a.csv"), &["", "1", "0", "label"], 1, Some(""));
        assert_eq!(behind_an_index.ok(), Some((String::new(), vec![2, 1])));
        let error = pick(Path::new("a.csv"), &["", "a", "a"], 1, Some("a")).unwrap_err().to_string();
        assert!(error.contains("of columns 2 and 3"), "{error}");
        let error = check_names(Path::new("a"), &["a", "b\u{1b}", "b\u{1b}"]).unwrap_err().to_string();
        assert!(
            error.contains(r"found the name b\u{1b} twice, of columns 2 and 3, expected each name once"),
            "{error}"
        );
        check_names(Path::new("a"), &["a", "b"]).unwrap();
    }
}
