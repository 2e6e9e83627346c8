//! Values that differ, as a table.

use super::grid::Grid;
use super::{MISSING, plain};
use crate::table::difference::Difference;

/// A line each, in percent with so many decimals; `sides` says what the values before and now are called.
///
/// ```
/// use oodbench::report::difference::grid;
/// use oodbench::table::{Record, difference::differences};
/// let record = |value| Record { score: "mds".to_owned(), metric: "auroc".to_owned(), value: Some(value), ..Record::default() };
/// let found = grid(&differences(&[record(0.75)], &[record(0.5)]), ["old", "new"], 1).markdown();
/// assert!(found.ends_with("| mds |  | auroc | 75.0 | 50.0 | -25.0 |\n"), "{found}");
/// ```
#[must_use]
pub fn grid(found: &[Difference], sides: [&str; 2], decimals: usize) -> Grid {
    let [before, now] = sides;
    let mut grid = Grid::of_numbers(&["run", "OOD", "score", "procedure", "metric"], [before, now, "difference"]);
    let percent = |value: Option<f64>, text: &dyn Fn(f64) -> String| {
        value.map_or_else(|| MISSING.to_owned(), |value| plain(text(value * 100.0)))
    };
    let value = |percent: f64| format!("{percent:.decimals$}");
    for one in found {
        grid.row([
            &one.run,
            &one.ood,
            &one.score,
            &one.procedure,
            &one.metric,
            &percent(one.old, &value),
            &percent(one.new, &value),
            &percent(one.difference, &|percent| format!("{percent:+.decimals$}")),
        ]);
    }
    grid
}
