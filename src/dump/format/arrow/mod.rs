//! Arrow's IPC format (`.arrow`, `.arrows`, `.feather`), as pyarrow, pandas, polars, R and Hugging Face's `datasets` write it: columns of numbers, or of lists of as many
//! numbers in every row. Files and streams are read; Feather of version 2 is such a file.
//!
//! Columns are arrays by their names (`columns`), as in Parquet: a list column `features` is (n, D), `logits_0, logits_1, ...` are (n, C), a column `label` (n).
//! Buffers are not packed, or packed by LZ4 or Zstandard. A column of one record batch that is not packed is left on disk behind the memory map.
//!
//! Source: <https://arrow.apache.org/docs/format/Columnar.html>, "Serialization and Interprocess Communication (IPC)".

mod batch;
mod message;
mod refusal;
mod schema;
mod unpack;

use std::path::Path;
use std::sync::Arc;

use super::columns::{self, Cells, Column};
use super::entry::{Format, has_ending};
use super::{file, tree};
use crate::caught::caught;
use crate::dump::error::DumpError;
use crate::rows::array::{Memory, StoredArray};
use crate::rows::element::{Dtype, Float};
use batch::Batches;
use refusal::refusal;

/// Columns of numbers and of lists of numbers.
pub struct Arrow;

/// How the names of its files may end: those of files, of streams, of Feather.
const ENDINGS: [&str; 3] = ["arrow", "arrows", "feather"];

impl Format for Arrow {
    fn ending(&self) -> &'static str {
        "arrow"
    }

    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        ENDINGS.iter().any(|ending| has_ending(path, ending)) || head.starts_with(message::MAGIC)
    }

    fn holds_columns(&self) -> bool {
        true
    }

    fn members(&self, path: &Path) -> Result<Option<Vec<String>>, DumpError> {
        Ok(Some(columns::arrays(&names(path)?)))
    }

    fn open(&self, path: &Path, member: Option<&str>) -> Result<StoredArray, DumpError> {
        guarded(path, || {
            let batches = read(path)?;
            let (name, wanted) = columns::pick(path, &batches.names(), 0, member)?;
            let mut arrays = batches.columns(path, &wanted)?;
            match arrays.len() {
                1 => {
                    let mut array = arrays.swap_remove(0);
                    array.path = tree::shown(path, &name);
                    Ok(array)
                }
                _ => side_by_side(path, &name, &arrays),
            }
        })
    }
}

/// The names of the columns, in their order.
///
/// # Errors
/// [`DumpError`] if the file cannot be read or is damaged.
pub fn names(path: &Path) -> Result<Vec<String>, DumpError> {
    guarded(path, || Ok(read(path)?.names()))
}

/// The column at a place among [`names`]: of numbers (n), of lists (n, width).
///
/// # Errors
/// [`DumpError`] if it holds anything else than a number or as many numbers in every row, or is damaged.
pub fn column(path: &Path, at: usize) -> Result<StoredArray, DumpError> {
    guarded(path, || Ok(read(path)?.columns(path, &[at])?.swap_remove(0)))
}

fn read(path: &Path) -> Result<Batches, DumpError> {
    let memory: Arc<dyn Memory> = Arc::new(file::map(path)?);
    let batches = Batches::new(memory).map_err(|defect| refusal(path, &defect))?;
    columns::check_names(path, &batches.names())?;
    Ok(batches)
}

/// Nothing here is known to panic on what a file holds; what does nonetheless is one message all the same.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, DumpError>) -> Result<T, DumpError> {
    caught(read).unwrap_or_else(|| Err(refusal(path, "the file is damaged")))
}

/// Columns side by side in one array.
fn side_by_side(path: &Path, name: &str, arrays: &[StoredArray]) -> Result<StoredArray, DumpError> {
    let columns: Vec<Column> = arrays.iter().map(column_of).collect();
    let rows = arrays.first().map_or(0, |array| array.shape[0]);
    columns::array(path, name, &columns.iter().collect::<Vec<_>>(), rows)
}

fn column_of(array: &StoredArray) -> Column {
    let cells = match array.dtype {
        // Each half and single is one number in single precision.
        Dtype::Float(Float::F16 | Float::F32, _) => {
            Cells::Single(array.numbers().map(|number| number as f32).collect())
        }
        _ => Cells::Double(array.numbers().collect()),
    };
    Column { width: array.shape.get(1).copied().unwrap_or(1), is_list: array.shape.len() > 1, cells }
}
