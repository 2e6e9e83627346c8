//! Writers of results: terminal text, Markdown, CSV, JSON, HTML.

pub mod csv;
pub mod html;
pub mod json;
pub mod markdown;
pub mod parquet;
pub mod text;

use crate::table::Cell;
use crate::table::comparison::DIGITS;

/// A cell in percent, with its spread where it has one.
fn percent(cell: &Cell) -> String {
    match cell.spread {
        None => format!("{:.*}", DIGITS, cell.value * 100.0),
        Some(std) => format!("{:.*} ± {:.*}", DIGITS, cell.value * 100.0, DIGITS, std * 100.0),
    }
}

/// A share of tied pairs, such that a small one is not shown as none.
fn tied(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0".to_owned(),
        percent if percent < 0.01 => "<0.01".to_owned(),
        percent => format!("{percent:.2}"),
    }
}
