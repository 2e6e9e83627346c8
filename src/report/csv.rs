//! Rows as comma-separated values with a header; text that a spreadsheet would take for a formula is disarmed as in [`crate::table::csv`].

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use crate::table::csv::{Written, guard};

/// The rows, with the names of their fields as header; what is missing is an empty field.
///
/// # Errors
/// Never for rows of text and numbers in memory; the signature is that of the writer behind it.
pub fn rows<T: Serialize>(rows: &[T]) -> csv::Result<Vec<u8>> {
    let mut header = csv::Writer::from_writer(Vec::new());
    for row in rows.iter().take(1) {
        header.serialize(row)?;
    }
    let header = header.into_inner().map_err(csv::IntoInnerError::into_error)?;
    let names: Vec<String> = csv::Reader::from_reader(&header[..]).headers()?.iter().map(str::to_owned).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&names)?;
    for row in rows {
        let row = serde_json::to_value(row).map_err(std::io::Error::other)?;
        let field = |name: &String| match row.get(name) {
            Some(Value::String(own)) => Written::Text(Some(guard(own))),
            Some(Value::Number(number)) if number.is_u64() => Written::Integer(number.as_u64()),
            Some(Value::Number(number)) => Written::Float(number.as_f64()),
            Some(Value::Bool(flag)) => Written::Text(Some(Cow::Owned(flag.to_string()))),
            _ => Written::Text(None),
        };
        writer.serialize(names.iter().map(field).collect::<Vec<_>>())?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
