//! Whether ID test rows are like held-out ID rows, for reading.

use super::grid::Grid;
use super::significance::p_value;
use super::{interval_around, plain};
use crate::table::sanity::Sanity;

/// What has to be, and what the marks say.
pub const HEADER: &str = "\
Is id/test like id/val, as it has to be? Percent, AUROC of the two, ties counting half:
50 if a score does not tell them apart. ! it does (rank-sum test, Holm over the scores
of the run). The interval is DeLong's. (val) fitted on id/val and not counted.

";

/// A line each.
#[must_use]
pub fn grid(lines: &[Sanity]) -> Grid {
    let headings = ["AUROC", "std. error", "95 % interval", "p", "p (adjusted)"];
    let mut grid = Grid::of_numbers(&["score"], headings).with_labels("run (id/test + id/val rows)");
    let percent = |value: f64| plain(format!("{:.2}", value * 100.0));
    for (i, line) in lines.iter().enumerate() {
        if i == 0 || lines[i - 1].run != line.run {
            grid.group(format!("{} ({} + {})", line.run, line.test_rows, line.held_out_rows));
        }
        let mark = if line.told_apart { "!" } else { "" };
        let ends = line.low.zip(line.high);
        grid.row([
            format!("{}{}", line.score, if line.fitted_on_held_out { " (val)" } else { "" }),
            format!("{mark}{}", percent(line.auroc)),
            line.standard_error.map_or_else(String::new, percent),
            ends.map_or_else(String::new, |ends| interval_around(line.auroc, ends)),
            line.p.map_or_else(String::new, p_value),
            line.p_adjusted.map_or_else(String::new, p_value),
        ]);
    }
    grid
}
