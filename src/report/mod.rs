//! Writers of results: terminal text, Markdown, CSV, JSON, HTML, Parquet.

pub mod bayes;
pub mod board;
pub mod by_rows;
pub mod by_seeds;
mod compared;
pub mod csv;
pub mod difference;
pub mod format;
pub mod full;
pub mod grid;
pub mod html;
pub mod json;
pub mod latex;
pub mod markdown;
pub mod overview;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod ranks;
pub mod sanity;
pub mod significance;
pub mod smallest;
pub mod text;

pub use format::Format;

use crate::metric::confidence::CAUTION;
use crate::table::comparison::DIGITS;
use crate::table::{Cell, Comparison};

/// What to know of the intervals of some tables, if they have any.
fn caution(tables: &[Comparison]) -> Option<&'static str> {
    let mut rows = tables.iter().flat_map(|table| &table.blocks).flat_map(|block| &block.rows);
    rows.any(|row| row.cells.iter().any(|cell| cell.interval.is_some())).then_some(CAUTION)
}

/// Stands where a value is missing.
const MISSING: &str = "–";

/// A cell in percent, with its spread or its interval where it has one.
fn percent(cell: &Cell) -> String {
    let percent = |value: f64| plain(format!("{:.*}", DIGITS, value * 100.0));
    let Some(value) = cell.value else { return MISSING.to_owned() };
    match (cell.spread, cell.interval) {
        (Some(std), _) => format!("{} ± {}", percent(value), percent(std)),
        (None, Some(interval)) => format!("{} {}", percent(value), interval_around(value, interval)),
        (None, None) => percent(value),
    }
}

/// The ends of an interval in percent, around a value that is shown with [`DIGITS`]. One digit less, since what is uncertain by whole points needs no hundredths;
/// but for an interval so short that its ends would round past the value.
fn interval_around(value: f64, ends: (f64, f64)) -> String {
    around(value, ends, |value, digits| format!("{value:.digits$}"))
}

/// The same around a difference, with signs.
fn interval_around_difference(value: f64, ends: (f64, f64)) -> String {
    around(value, ends, |value, digits| format!("{value:+.digits$}"))
}

fn around(value: f64, (low, high): (f64, f64), show: impl Fn(f64, usize) -> String) -> String {
    let rounded = |value: f64, digits: usize| format!("{:.digits$}", value * 100.0).parse::<f64>().unwrap_or(value);
    let shown = rounded(value, DIGITS);
    let holds = rounded(low, DIGITS - 1) <= shown && shown <= rounded(high, DIGITS - 1);
    let digits = if holds { DIGITS - 1 } else { DIGITS };
    let end = |value: f64| plain(show(value * 100.0, digits));
    format!("[{}, {}]", end(low), end(high))
}

/// A number as shown, without the sign of a zero: Lee's AUROC of constant scores is −0.0, and a small difference rounds to −0.00.
fn plain(number: String) -> String {
    let is_zero = number.chars().all(|c| "+-0.".contains(c));
    if is_zero { number.trim_start_matches(['+', '-']).to_owned() } else { number }
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

#[cfg(test)]
mod tests {
    use super::{interval_around, interval_around_difference};

    #[test]
    fn an_interval_is_shown_around_its_value() {
        assert_eq!(interval_around(0.5, (0.4512, 0.5489)), "[45.1, 54.9]");
        assert_eq!(interval_around(0.99979, (0.99967, 0.99991)), "[99.97, 99.99]");
        assert_eq!(interval_around_difference(-0.0123, (-0.0201, -0.0004)), "[-2.0, 0.0]");
        assert_eq!(interval_around_difference(0.00021, (0.00012, 0.00030)), "[+0.01, +0.03]");
        // 0.05 is no less than 0.0, which -0.04 rounds to.
        assert_eq!(interval_around(0.0005, (-0.0004, 0.0012)), "[0.0, 0.1]");
    }
}
