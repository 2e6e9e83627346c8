//! Decisions as files: one line or row per row, whatever the number of rows.
//!
//! `row`, `predicted` (where classes can be told), `score`, `p_value`, `decision`: `flag` or `keep`. A row without a score has neither score, p-value
//! nor class, and is flagged.

pub mod csv;
pub mod jsonl;
#[cfg(feature = "parquet")]
pub mod parquet;

/// The names of the columns.
pub const COLUMNS: [&str; 5] = ["row", "predicted", "score", "p_value", "decision"];

/// What stands for a decision.
fn word(flagged: bool) -> &'static str {
    if flagged { "flag" } else { "keep" }
}
