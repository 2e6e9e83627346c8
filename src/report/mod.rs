//! Writers of results: terminal text, Markdown, CSV, JSON, HTML.

pub mod csv;
pub mod html;
pub mod json;
pub mod markdown;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod significance;
pub mod text;

use crate::table::Cell;
use crate::table::comparison::DIGITS;

/// Stands where a value is missing.
const MISSING: &str = "–";

/// A cell in percent, with its spread or its interval where it has one.
fn percent(cell: &Cell) -> String {
    let percent = |value: f64| format!("{:.*}", DIGITS, value * 100.0);
    let Some(value) = cell.value else { return MISSING.to_owned() };
    // One digit less: what is uncertain by whole points needs no hundredths.
    let end = |value: f64| format!("{:.*}", DIGITS - 1, value * 100.0);
    match (cell.spread, cell.interval) {
        (Some(std), _) => format!("{} ± {}", percent(value), percent(std)),
        (None, Some((low, high))) => format!("{} [{}, {}]", percent(value), end(low), end(high)),
        (None, None) => percent(value),
    }
}

/// A share of tied pairs, such that a small one is not shown as none.
fn tied(share: Option<f64>) -> String {
    let Some(share) = share else { return MISSING.to_owned() };
    match share * 100.0 {
        0.0 => "0".to_owned(),
        percent if percent < 0.01 => "<0.01".to_owned(),
        percent => format!("{percent:.2}"),
    }
}
