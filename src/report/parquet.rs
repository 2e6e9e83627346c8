//! Records as a Parquet file.

use std::io::Write;

use crate::table::Record;
use crate::table::frame::{Column, FrameError, FrameWriter, Kind};

/// Writes the records as one row group, columns as in [`Record`].
///
/// # Errors
/// [`FrameError`] if the file cannot be written.
pub fn records<W: Write>(writer: W, records: &[Record]) -> Result<W, FrameError> {
    let names = ["run", "in_distribution", "ood", "group", "score", "procedure", "metric"];
    let mut columns: Vec<(String, Kind)> = names.iter().map(|&name| (name.to_owned(), Kind::Text)).collect();
    columns.push(("value".to_owned(), Kind::Float));
    // As in the other formats, intervals are columns only where there are any.
    let has_intervals = records.iter().any(|r| r.low.is_some());
    if has_intervals {
        columns.extend(["low", "high"].map(|name| (name.to_owned(), Kind::Float)));
    }
    let text = |of: fn(&Record) -> Option<String>| Column::Text(records.iter().map(of).collect());
    let mut frame = FrameWriter::new(writer, &columns)?;
    let mut values = vec![
        text(|r| Some(r.run.clone())),
        text(|r| r.in_distribution.clone()),
        text(|r| Some(r.ood.clone())),
        text(|r| r.group.clone()),
        text(|r| Some(r.score.to_owned())),
        text(|r| Some(r.procedure.to_owned())),
        text(|r| Some(r.metric.to_owned())),
        Column::Float(records.iter().map(|r| Some(r.value)).collect()),
    ];
    if has_intervals {
        values.push(Column::Float(records.iter().map(|r| r.low).collect()));
        values.push(Column::Float(records.iter().map(|r| r.high).collect()));
    }
    frame.write(values)?;
    frame.finish()
}
