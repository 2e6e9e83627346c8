//! Scores of a run compared by draws of rows, for reading.

use super::compared::{Compared, by_set, mark, untested};
use super::grid::{Grid, Style};
use super::significance::p_value;
use super::{interval_around_difference, plain};
use crate::table::by_rows::ByRows;

const HEADINGS: [&str; 7] = ["value", "std. error", "rank", "difference", "95 % interval", "p", "p (adjusted)"];

/// For the terminal.
#[must_use]
pub fn text(lines: &[ByRows], style: Style) -> String {
    format!("{}{}{}", header(lines), grid(lines).render(style), untested(lines, compared))
}

/// The same as GitHub-flavoured Markdown.
#[must_use]
pub fn markdown(lines: &[ByRows]) -> String {
    format!("{}{}\n{}", header(lines), grid(lines).markdown(), untested(lines, compared))
}

/// What is tested and what the marks promise.
fn header(lines: &[ByRows]) -> String {
    let (procedure, metric, draws) =
        lines.first().map_or(("", "", 0), |line| (line.procedure, line.metric, line.draws));
    format!(
        "\
Would other rows of the same sets give another best score? Percent, {procedure} {metric}.
{draws} draws of rows, the same for all scores and sets; runs of other seeds see the same rows.
* the best of the run on the set; = may be as good as any; no mark: significantly worse.
rank: its place, and the places it could have. difference: from the best, with its
interval and p of this pair alone, counted in the draws, so 2/(1 + draws) at least;
p (adjusted): of being one of the best, all scores and the choice of the best accounted
for, by the variances of the draws, so that it may be the smaller one.

"
    )
}

fn grid(lines: &[ByRows]) -> Grid {
    let grid = Grid::of_numbers(&["run", "score"], HEADINGS).with_labels("OOD set");
    let row = |line: &ByRows| [line.run.clone(), line.score.to_owned()].into_iter().chain(values(line)).collect();
    by_set(grid, lines, compared, |line| compared(line).set(), row)
}

fn compared(line: &ByRows) -> Compared<'_> {
    let ByRows { run, ood, group, score, untested, .. } = line;
    Compared { of: run, ood, group: group.as_deref(), score, untested: untested.as_deref() }
}

/// What stands under [`HEADINGS`].
fn values(line: &ByRows) -> [String; 7] {
    let percent = |value: f64, decimals: usize| {
        if value.is_finite() { plain(format!("{:.decimals$}", value * 100.0)) } else { String::new() }
    };
    let signed = |value: f64| plain(format!("{:+.2}", value * 100.0));
    let rank = match line.rank.is_finite() {
        true if line.rank.fract() == 0.0 => format!("{:.0} [{}, {}]", line.rank, line.rank_low, line.rank_high),
        true => format!("{:.1} [{}, {}]", line.rank, line.rank_low, line.rank_high),
        false => String::new(),
    };
    let ends = line.difference_low.zip(line.difference_high);
    [
        format!("{}{}", mark(line.verdict), percent(line.value, 2)),
        percent(line.standard_error, 2),
        rank,
        line.difference.map_or_else(String::new, signed),
        line.difference.zip(ends).map_or_else(String::new, |(value, ends)| interval_around_difference(value, ends)),
        line.p.map_or_else(String::new, p_value),
        line.p_adjusted.map_or_else(String::new, p_value),
    ]
}
