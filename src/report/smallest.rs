//! The smallest differences that sets could show, for reading.

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
    let mut grid = Grid::of_numbers(&["run", "score"], headings).with_labels("OOD set (ID + OOD rows)");
    let set = |line: &Smallest| (line.run.clone(), line.group.clone(), line.ood.clone());
    let optional = |value: Option<f64>| value.map_or_else(String::new, |value| plain(format!("{:.2}", value * 100.0)));
    let times = |factor: f64| if factor < 100.0 { format!("{factor:.2}×") } else { format!("{factor:.0}×") };
    for (i, line) in lines.iter().enumerate() {
        if i == 0 || set(&lines[i - 1]) != set(line) {
            let name = line.group.as_ref().map_or_else(|| line.ood.clone(), |group| format!("{group}/{}", line.ood));
            grid.group(format!("{name} ({} + {})", line.id_rows, line.ood_rows));
        }
        let mark = if line.best == Some(line.score) { "*" } else { "" };
        grid.row([
            line.run.clone(),
            line.score.to_owned(),
            format!("{mark}{}", optional(Some(line.value).filter(|value| value.is_finite()))),
            line.difference.map_or_else(String::new, |value| plain(format!("{:+.2}", value * 100.0))),
            optional(line.standard_error),
            optional(line.smallest),
            optional(line.smallest_of_all_pairs),
            line.rows_needed.map_or_else(String::new, times),
        ]);
    }
    grid
}
