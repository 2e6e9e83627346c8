//! The smallest differences that sets could show, for reading.

use super::compared::{Compared, by_set};
use super::grid::Grid;
use super::plain;
use crate::table::smallest::Smallest;

/// What the columns say.
#[must_use]
pub fn header(lines: &[Smallest]) -> String {
    let (procedure, metric, power, alpha) =
        lines.first().map_or(("", "", 0.0, 0.0), |line| (line.procedure, line.metric, line.power, line.alpha));
    format!(
        "\
What difference from the best score could these sets show? Percent, {procedure} {metric}.
smallest: what a test at {:.0} % of this pair alone finds with a probability of {:.0} %;
of all pairs: the same where all scores are compared with each other. rows needed: how
many times the rows, ID and OOD, it takes to find the difference seen here, if it is real.

",
        alpha * 100.0,
        power * 100.0
    )
}

/// A line each.
#[must_use]
pub fn grid(lines: &[Smallest]) -> Grid {
    let headings = ["value", "difference", "std. error", "smallest", "of all pairs", "rows needed"];
    let grid = Grid::of_numbers(&["run", "score"], headings).with_labels("OOD set (ID + OOD rows)");
    let optional = |value: Option<f64>| value.map_or_else(String::new, |value| plain(format!("{:.2}", value * 100.0)));
    let times = |factor: f64| if factor < 100.0 { format!("{factor:.2}×") } else { format!("{factor:.0}×") };
    let heading = |line: &Smallest| format!("{} ({} + {})", compared(line).set(), line.id_rows, line.ood_rows);
    let row = |line: &Smallest| {
        let mark = if line.best == Some(line.score) { "*" } else { "" };
        let cells = [
            line.run.clone(),
            line.score.to_owned(),
            format!("{mark}{}", optional(Some(line.value).filter(|value| value.is_finite()))),
            line.difference.map_or_else(String::new, |value| plain(format!("{:+.2}", value * 100.0))),
            optional(line.standard_error),
            optional(line.smallest),
            optional(line.smallest_of_all_pairs),
            line.rows_needed.map_or_else(String::new, times),
        ];
        cells.into()
    };
    by_set(grid, lines, compared, heading, row)
}

fn compared(line: &Smallest) -> Compared<'_> {
    Compared { of: &line.run, ood: &line.ood, group: line.group.as_deref(), score: line.score, untested: None }
}
