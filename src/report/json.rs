//! Rows as a JSON array.

use serde::Serialize;

/// One object per row, one row per line; a number that is not finite is null.
///
/// # Errors
/// Never for rows of text and numbers.
pub fn rows<T: Serialize>(rows: &[T]) -> serde_json::Result<String> {
    let lines = rows.iter().map(serde_json::to_string).collect::<serde_json::Result<Vec<_>>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}
