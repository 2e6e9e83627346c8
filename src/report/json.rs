//! Records as a JSON array.

use crate::table::Record;

/// One object per record, one record per line.
///
/// # Errors
/// Never for finite values, which is what metrics give.
pub fn records(records: &[Record]) -> serde_json::Result<String> {
    let lines = records.iter().map(serde_json::to_string).collect::<serde_json::Result<Vec<_>>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}
