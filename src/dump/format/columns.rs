//! Named columns of numbers as named arrays: `logits_0, logits_1, label` are `logits` (n, 2) and `label` (n).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

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
pub(super) fn groups<'n>(names: impl IntoIterator<Item = &'n str>) -> BTreeMap<String, Vec<usize>> {
    let names: Vec<&str> = names.into_iter().collect();
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
    let in_row = |row: usize| {
        let cell = &cell;
        columns.iter().flat_map(move |&column| (0..column.width).map(move |at| cell(column, row * column.width + at)))
    };
    (0..rows).flat_map(in_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_columns_are_one_array() {
        let names = ["logits_1", "logits_0", "label", "feat.1", "feat.2", "f10", "f12", "x[0]", "x[1]", "block1"];
        let found: Vec<(String, Vec<usize>)> = groups(names).into_iter().collect();
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
        assert_eq!(groups(["0", "1", "2"]).into_iter().collect::<Vec<_>>(), [(String::new(), vec![0, 1, 2])]);
    }
}
