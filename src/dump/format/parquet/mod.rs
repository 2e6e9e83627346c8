//! Parquet (`.parquet`), as pyarrow, pandas, polars and Hugging Face's `datasets` write it: columns of numbers, or of lists of as many numbers in every row.
//!
//! Columns are arrays by their names (`columns`): a list column `features` is (n, D), `logits_0, logits_1, ...` are (n, C), a column `label` (n). Pages are not packed, or packed
//! by Snappy, gzip or Zstandard.

mod file;
mod thrift;
pub(in crate::dump) mod write;

use std::path::Path;

use polars_arrow::array::{Array, FixedSizeListArray, ListArray, PrimitiveArray};
use polars_arrow::types::NativeType;

use super::columns::{self, Cells, Column};
use super::entry::{Format, has_ending};
use crate::dump::error::DumpError;
use crate::rows::array::StoredArray;
pub use file::{File, FrameError};

/// Columns of numbers and of lists of numbers.
pub struct Parquet;

impl Format for Parquet {
    fn ending(&self) -> &'static str {
        "parquet"
    }

    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        has_ending(path, self.ending()) || head.starts_with(b"PAR1")
    }

    fn holds_columns(&self) -> bool {
        true
    }

    fn members(&self, path: &Path) -> Result<Option<Vec<String>>, DumpError> {
        Ok(Some(columns::arrays(&read(path)?.names())))
    }

    fn open(&self, path: &Path, member: Option<&str>) -> Result<StoredArray, DumpError> {
        let file = read(path)?;
        let names = file.names();
        let (name, wanted) = columns::pick(path, &names, 0, member)?;
        let read = |at: &usize| column(&file, &names[*at]).map_err(|error| refusal(path, &error));
        let columns = wanted.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let rows = columns.first().map_or(0, |(_, rows)| *rows);
        if columns.iter().any(|(_, own)| *own != rows) {
            let remedy = "write the file again";
            return Err(DumpError::malformed(path, "columns of several lengths", "one length", remedy));
        }
        let columns: Vec<&Column> = columns.iter().map(|(column, _)| column).collect();
        columns::array(path, &name, &columns, rows)
    }
}

fn read(path: &Path) -> Result<File, DumpError> {
    let file = File::open(super::file::bytes(path)?).map_err(|error| refusal(path, &error))?;
    columns::check_names(path, &file.names())?;
    Ok(file)
}

fn refusal(path: &Path, error: &FrameError) -> DumpError {
    let remedy =
        "write the file with pyarrow.parquet.write_table(table, file), columns of numbers or of lists of one length";
    DumpError::malformed(path, crate::printable::line(&error.0).into_owned(), "columns of numbers", remedy)
}

/// A column and its rows. A file has at most eight values a byte, or half a million.
fn column(file: &File, name: &str) -> Result<(Column, usize), FrameError> {
    let most = file.len().saturating_mul(8).max(1 << 19);
    let mut whole: Option<Column> = None;
    let mut rows = 0;
    for array in file.column(name, most)? {
        if array.is_empty() {
            continue;
        }
        let found = || FrameError(format!("column {name} holds {:?} or rows without a value", array.dtype()));
        let part = part(array.as_ref()).ok_or_else(found)?;
        rows += array.len();
        let joined = match &mut whole {
            None => {
                whole = Some(part);
                true
            }
            Some(whole) => whole.width == part.width && append(&mut whole.cells, part.cells),
        };
        if !joined {
            return Err(FrameError(format!("column {name} holds lists of several lengths")));
        }
    }
    whole.map(|column| (column, rows)).ok_or_else(|| FrameError(format!("column {name} without rows")))
}

fn append(cells: &mut Cells, mut more: Cells) -> bool {
    match (cells, &mut more) {
        (Cells::Single(cells), Cells::Single(more)) => cells.append(more),
        (Cells::Double(cells), Cells::Double(more)) => cells.append(more),
        (Cells::Whole(cells), Cells::Whole(more)) => cells.append(more),
        _ => return false,
    }
    true
}

/// The numbers of an array of numbers, or of lists of as many numbers each; none if a row has none or another number of them.
fn part(array: &dyn Array) -> Option<Column> {
    let rows = array.len();
    if array.null_count() > 0 {
        return None;
    }
    let any = array.as_any();
    let of = |values: &dyn Array, first: usize, count: usize| {
        let width = count.checked_div(rows).filter(|width| *width > 0 && width * rows == count)?;
        let values = values.sliced(first, count);
        let values = Some(values).filter(|values| values.null_count() == 0)?;
        Some(Column { width, is_list: true, cells: cells(values.as_ref())? })
    };
    if let Some(lists) = any.downcast_ref::<FixedSizeListArray>() {
        return of(lists.values().as_ref(), 0, lists.values().len());
    }
    if let Some(lists) = any.downcast_ref::<ListArray<i64>>() {
        let offsets = lists.offsets();
        let (first, last) = (*offsets.first() as usize, *offsets.last() as usize);
        let width = (last - first).checked_div(rows)?;
        let is_even = offsets.lengths().all(|length| length == width);
        return is_even.then(|| of(lists.values().as_ref(), first, last - first)).flatten();
    }
    Some(Column { width: 1, is_list: false, cells: cells(array)? })
}

/// The numbers of an array of floats or integers, none in rows without one; none at all if it holds something else.
pub(crate) fn numbers(array: &dyn Array) -> Option<Vec<Option<f64>>> {
    let number: Box<dyn Iterator<Item = f64>> = match cells(array)? {
        Cells::Single(numbers) => Box::new(numbers.into_iter().map(f64::from)),
        Cells::Double(numbers) => Box::new(numbers.into_iter()),
        Cells::Whole(numbers) => Box::new(numbers.into_iter().map(|number| number as f64)),
    };
    Some(number.enumerate().map(|(row, number)| array.is_valid(row).then_some(number)).collect())
}

/// The cells of an array of floats or integers; in rows without a value some number stands.
fn cells(array: &dyn Array) -> Option<Cells> {
    fn of<T: NativeType>(array: &dyn Array) -> Option<&[T]> {
        Some(array.as_any().downcast_ref::<PrimitiveArray<T>>()?.values().as_slice())
    }
    fn whole<T: NativeType + Into<i64>>(array: &dyn Array) -> Option<Cells> {
        Some(Cells::Whole(of::<T>(array)?.iter().map(|&number| number.into()).collect()))
    }
    let floats = || {
        let single = of::<f32>(array).map(|numbers| Cells::Single(numbers.to_vec()));
        single.or_else(|| of::<f64>(array).map(|numbers| Cells::Double(numbers.to_vec())))
    };
    floats()
        .or_else(|| whole::<i64>(array))
        .or_else(|| whole::<i32>(array))
        .or_else(|| whole::<i16>(array))
        .or_else(|| whole::<i8>(array))
        .or_else(|| whole::<u8>(array))
        .or_else(|| whole::<u16>(array))
        .or_else(|| whole::<u32>(array))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_type_with_gaps() {
        fn found<T: NativeType>(some: T) -> Option<Vec<Option<f64>>> {
            numbers(&PrimitiveArray::<T>::from(vec![Some(some), None]))
        }
        let expected = Some(vec![Some(3.0), None]);
        let signed = [found(3_i8), found(3_i16), found(3_i32), found(3_i64), found(3_f32), found(3_f64)];
        assert!(signed.into_iter().chain([found(3_u8), found(3_u16), found(3_u32)]).all(|own| own == expected));
        assert_eq!(found(3_u64), None);
        // No array has rows without a number.
        assert!(part(&PrimitiveArray::<u8>::from(vec![Some(3), None])).is_none());
    }
}
