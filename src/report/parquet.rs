//! Records as a Parquet file.

use std::io::Write;

use crate::table::Record;
use crate::table::field::{Content, Kind};
use crate::table::parquet::{Column, FrameError, FrameWriter};

/// Writes the records as one row group, columns as in [`Record::FIELDS`].
///
/// # Errors
/// [`FrameError`] if the file cannot be written.
pub fn records<W: Write>(writer: W, records: &[Record]) -> Result<W, FrameError> {
    let mut columns: Vec<Column<'_>> = Record::FIELDS.iter().map(|(_, kind)| empty(*kind)).collect();
    for record in records {
        for (column, content) in columns.iter_mut().zip(record.contents()) {
            match (column, content) {
                (Column::Texts(texts), Content::Text(text)) => texts.push(text),
                (Column::MaybeIntegers(numbers), Content::Integer(number)) => {
                    let fits = |number: u64| {
                        i64::try_from(number)
                            .map_err(|_| FrameError(format!("{number} is more than a column of Int64 holds")))
                    };
                    numbers.push(number.map(fits).transpose()?);
                }
                (Column::MaybeFloats(numbers), Content::Float(number)) => numbers.push(number),
                _ => unreachable!("a field has one kind"),
            }
        }
    }
    let mut frame = FrameWriter::new(writer, Record::FIELDS)?;
    frame.write(columns)?;
    frame.finish()
}

fn empty(kind: Kind) -> Column<'static> {
    match kind {
        Kind::Text => Column::Texts(Vec::new()),
        Kind::Integer => Column::MaybeIntegers(Vec::new()),
        Kind::Float => Column::MaybeFloats(Vec::new()),
    }
}
