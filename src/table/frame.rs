//! Records grouped and pivoted by the names of their fields. What groups them adds nothing up: it gives the numbers of records, so that a mean does not
//! depend on how the work is split.

use std::collections::BTreeMap;

use super::field::Content;
use super::record::Record;

/// The OOD set of a record with its group, as [`Record::set`].
pub(super) const SET: &str = "set";

/// Model and loss, as [`Record::family`].
pub(super) const FAMILY: &str = "family";

/// The texts of some fields of a record.
fn key(record: &Record, by: &[&str]) -> Vec<Option<String>> {
    let contents = record.contents();
    let of = |name: &&str| match *name {
        SET => Some(record.set()),
        FAMILY => record.family(),
        name => {
            let place = Record::FIELDS.iter().position(|(field, _)| *field == name);
            match &contents[place.unwrap_or_else(|| panic!("records have no field {name}"))] {
                Content::Text(text) => text.clone(),
                Content::Integer(number) => number.map(|number| number.to_string()),
                Content::Float(number) => number.map(|number| number.to_string()),
            }
        }
    };
    by.iter().map(of).collect()
}

/// The records that are kept, grouped by some fields, missing being a value as any: of each group the numbers of its records, groups and members in the
/// order of the first record of their OOD set, then in their own.
pub(super) fn groups(records: &[Record], keep: impl Fn(&Record) -> bool, by: &[&str]) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<Vec<Option<String>>, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for number in in_order(records).into_iter().filter(|&number| keep(&records[number])) {
        let place = *places.entry(key(&records[number], by)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(number);
    }
    groups
}

/// Numbers of the records, those of one OOD set together, sets in the order in which they first appear in their in-distribution set.
fn in_order(records: &[Record]) -> Vec<usize> {
    let mut first: BTreeMap<Vec<Option<String>>, usize> = BTreeMap::new();
    let mut order: Vec<(usize, usize)> = Vec::with_capacity(records.len());
    for (number, record) in records.iter().enumerate() {
        let set = key(record, &["in_distribution", "mean_over", SET]);
        order.push((*first.entry(set).or_insert(number), number));
    }
    order.sort_unstable();
    order.into_iter().map(|(_, number)| number).collect()
}

/// One row of a pivoted table: a key, and per column the number of its record, if there is one.
pub(super) struct PivotRow {
    /// The values of the index, `None` where missing.
    pub(super) key: Vec<Option<String>>,
    /// Numbers of records, in the order of the columns asked for.
    pub(super) cells: Vec<Option<usize>>,
}

/// Pivots records: a row per `index` in the order of the sets, a column for each of `names` that the field `on` may have.
///
/// # Panics
/// If two records are in one cell.
pub(super) fn pivot(records: &[Record], index: &[&str], on: &str, names: &[&str]) -> Vec<PivotRow> {
    let row = |members: Vec<usize>| {
        let mut cells = vec![None; names.len()];
        for &number in &members {
            let name = key(&records[number], &[on]).pop().flatten();
            let place = names.iter().position(|own| Some(*own) == name.as_deref());
            if let Some(place) = place {
                let before = cells[place].replace(number);
                assert!(before.is_none(), "two records in one cell: {:?}", records[number]);
            }
        }
        PivotRow { key: key(&records[members[0]], index), cells }
    };
    groups(records, |_| true, index).into_iter().map(row).collect()
}
