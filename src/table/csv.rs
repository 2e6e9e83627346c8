//! Records and other rows as comma-separated values that come back as they were.
//!
//! A text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage return) gets a `'` before it, and so do
//! an empty text and one that begins with `'` itself. [`unguard`] takes exactly one `'` away, so every name comes back; an empty field is no text.

use std::borrow::Cow;

use serde::Serialize;

use super::field::{Content, Kind};
use super::record::Record;

/// The text as it stands in a field.
///
/// ```
/// use oodbench::table::csv::{guard, unguard};
/// assert_eq!(["=cmd()", "'=cmd()", "", "mds"].map(|text| guard(text).into_owned()), ["'=cmd()", "''=cmd()", "'", "mds"]);
/// assert_eq!(unguard(&guard("'=cmd()")), "'=cmd()");
/// ```
#[must_use]
pub fn guard(text: &str) -> Cow<'_, str> {
    match text.chars().next() {
        None | Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\'') => Cow::Owned(format!("'{text}")),
        Some(_) => Cow::Borrowed(text),
    }
}

/// The text of a field as it was before [`guard`].
#[must_use]
pub fn unguard(field: &str) -> &str {
    field.strip_prefix('\'').unwrap_or(field)
}

/// A field as it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Written<'a> {
    Text(Option<Cow<'a, str>>),
    Integer(Option<u64>),
    Float(Option<f64>),
}

/// Records with a header; what is missing is an empty field.
///
/// # Errors
/// Never in memory; the signature is that of the writer behind it.
pub fn write(records: &[Record]) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(Record::FIELDS.iter().map(|(name, _)| name))?;
    for record in records {
        let contents = record.contents();
        let written = contents.iter().map(|content| match content {
            Content::Text(text) => Written::Text(text.as_deref().map(guard)),
            Content::Integer(number) => Written::Integer(*number),
            Content::Float(number) => Written::Float(*number),
        });
        writer.serialize(written.collect::<Vec<_>>())?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// The columns of a file, those of [`Record::FIELDS`] as what they hold, others as text.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<Content>)>, String> {
    let mut reader = csv::Reader::from_reader(bytes);
    let names = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut columns: Vec<(String, Vec<Content>)> = names.iter().map(|name| (name.to_owned(), Vec::new())).collect();
    for (number, row) in reader.records().enumerate() {
        let row = row.map_err(|error| error.to_string())?;
        // The reader has refused rows of other lengths.
        for ((name, contents), field) in columns.iter_mut().zip(&row) {
            let kind = Record::FIELDS.iter().find(|(own, _)| own == name).map_or(Kind::Text, |(_, kind)| *kind);
            let content = content(kind, field);
            contents.push(content.ok_or_else(|| format!("{name} {field:?} in record {}", number + 1))?);
        }
    }
    Ok(columns)
}

fn content(kind: Kind, field: &str) -> Option<Content> {
    Some(match (kind, field) {
        (Kind::Text, "") => Content::Text(None),
        (Kind::Text, text) => Content::Text(Some(unguard(text).to_owned())),
        (Kind::Integer, "") => Content::Integer(None),
        (Kind::Integer, number) => Content::Integer(Some(number.parse().ok()?)),
        (Kind::Float, "") => Content::Float(None),
        (Kind::Float, number) => Content::Float(Some(number.parse().ok()?)),
    })
}
