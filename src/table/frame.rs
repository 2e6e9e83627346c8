//! Records as a `polars::DataFrame`: polars groups and pivots them, and nothing else names its frames.
//!
//! It adds nothing up: what it gives are numbers of records, so that a mean does not depend on how polars splits its work.

use polars::frame::PivotColumnNaming;
use polars::prelude::{
    Column as Series, DataFrame, DataType, IntoLazy as _, LazyFrame, PlSmallStr, PolarsResult, SortMultipleOptions,
    by_name, col, element,
};

use super::field::Content;
use super::record::Record;

/// The number of a record, the column that leads from a frame back to the records.
const NUMBER: &str = "number";

/// The OOD set of a record with its group, as [`Record::set`].
pub(super) const SET: &str = "set";

/// Model and loss, as [`Record::family`].
pub(super) const FAMILY: &str = "family";

/// Whether a record is kept.
const KEPT: &str = "kept";

/// Why polars cannot fail here: it is asked for columns that every frame of records has.
const FIELDS: &str = "fields of records are columns of their frame";

/// The frame of some records: a column for each of [`Record::FIELDS`].
///
/// # Errors
/// polars', for which there is no reason.
pub fn frame(records: &[Record]) -> PolarsResult<DataFrame> {
    let mut columns: Vec<Vec<Content>> = Record::FIELDS.iter().map(|_| Vec::with_capacity(records.len())).collect();
    for record in records {
        columns.iter_mut().zip(record.contents()).for_each(|(column, content)| column.push(content));
    }
    let series = Record::FIELDS.iter().zip(columns).map(|((name, _), contents)| column(name, contents));
    DataFrame::new(records.len(), series.collect())
}

/// A column of contents, which are all of one kind.
fn column(name: &str, contents: Vec<Content>) -> Series {
    let (mut texts, mut integers, mut floats) = (Vec::new(), Vec::new(), Vec::new());
    for content in contents {
        match content {
            Content::Text(text) => texts.push(text),
            Content::Integer(number) => integers.push(number),
            Content::Float(number) => floats.push(number),
        }
    }
    match (texts.is_empty(), integers.is_empty()) {
        (false, _) => Series::new(name.into(), texts),
        (_, false) => Series::new(name.into(), integers),
        _ => Series::new(name.into(), floats),
    }
}

/// The records that are kept, grouped by some fields, missing being a value as any: of each group the numbers of its records, groups and members in the
/// order of the first record of their OOD set, then in their own.
pub(super) fn groups(records: &[Record], keep: impl Fn(&Record) -> bool, by: &[&str]) -> Vec<Vec<usize>> {
    if records.is_empty() {
        return Vec::new();
    }
    let numbers = || -> PolarsResult<Vec<Vec<usize>>> {
        let groups = in_order(records, keep)?
            .filter(col(KEPT))
            .group_by_stable(by.iter().map(|&name| col(name)).collect::<Vec<_>>())
            .agg([col(NUMBER).implode(true)])
            .collect()?;
        let lists = groups.column(NUMBER)?.list()?;
        let group = |place: usize| -> PolarsResult<Vec<usize>> {
            let Some(list) = lists.get_as_series(place) else { return Ok(Vec::new()) };
            Ok(list.u64()?.iter().flatten().map(|number| number as usize).collect())
        };
        (0..lists.len()).map(group).collect()
    };
    numbers().expect(FIELDS)
}

/// The records with what they are grouped by beside their fields: those of one OOD set together, sets in the order in which they first appear in their
/// in-distribution set.
fn in_order(records: &[Record], keep: impl Fn(&Record) -> bool) -> PolarsResult<LazyFrame> {
    let mut frame = frame(records)?;
    frame.with_column(Series::new(NUMBER.into(), (0..records.len() as u64).collect::<Vec<_>>()))?;
    frame.with_column(Series::new(SET.into(), records.iter().map(Record::set).collect::<Vec<_>>()))?;
    frame.with_column(Series::new(FAMILY.into(), records.iter().map(Record::family).collect::<Vec<_>>()))?;
    frame.with_column(Series::new(KEPT.into(), records.iter().map(keep).collect::<Vec<_>>()))?;
    let place = col(NUMBER).min().over([col("in_distribution"), col("mean_over"), col(SET)])?;
    let stable = SortMultipleOptions::default().with_maintain_order(true);
    Ok(frame.lazy().with_column(place.alias("place")).sort(["place"], stable))
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
    if records.is_empty() {
        return Vec::new();
    }
    pivoted(records, index, on, names).unwrap_or_else(|error| panic!("two records in one cell: {error}"))
}

fn pivoted(records: &[Record], index: &[&str], on: &str, names: &[&str]) -> PolarsResult<Vec<PivotRow>> {
    let columns = DataFrame::new(names.len(), vec![Series::new(on.into(), names.to_vec())])?;
    let select = |names: &[&str]| by_name(names.iter().map(|&name| PlSmallStr::from(name)), true, false);
    let table = in_order(records, |_| true)?
        .pivot(
            select(&[on]),
            columns.into(),
            select(index),
            select(&[NUMBER]),
            // One at most: an error where `first` would be silent.
            element().item(true),
            true,
            PlSmallStr::EMPTY,
            PivotColumnNaming::Auto,
        )
        .collect()?;
    let keys =
        index.iter().map(|name| table.column(name)?.cast(&DataType::String)).collect::<PolarsResult<Vec<_>>>()?;
    let keys = keys.iter().map(Series::str).collect::<PolarsResult<Vec<_>>>()?;
    let cells = names.iter().map(|name| table.column(name)?.u64()).collect::<PolarsResult<Vec<_>>>()?;
    let row = |row: usize| PivotRow {
        key: keys.iter().map(|key| key.get(row).map(str::to_owned)).collect(),
        cells: cells.iter().map(|cells| cells.get(row).map(|number| number as usize)).collect(),
    };
    Ok((0..table.height()).map(row).collect())
}
