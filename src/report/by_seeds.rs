//! Scores of a training compared over seeds and rows, for reading.

use super::compared::{Compared, by_set, mark, untested};
use super::grid::{Grid, Style};
use super::significance::p_value;
use super::{interval_around, interval_around_difference, plain};
use crate::table::by_seeds::BySeeds;

const HEADINGS: [&str; 9] = [
    "mean",
    "95 % interval",
    "error of seeds",
    "error of rows",
    "of both",
    "difference",
    "95 % interval",
    "p",
    "p (adjusted)",
];

/// For the terminal.
#[must_use]
pub fn text(lines: &[BySeeds], style: Style) -> String {
    format!("{}{}{}", header(lines), grid(lines).render(style), untested(lines, compared))
}

/// The same as GitHub-flavoured Markdown.
#[must_use]
pub fn markdown(lines: &[BySeeds]) -> String {
    format!("{}{}\n{}", header(lines), grid(lines).markdown(), untested(lines, compared))
}

/// What is tested and what the marks promise.
fn header(lines: &[BySeeds]) -> String {
    let (procedure, metric) = lines.first().map_or(("", ""), |line| (line.procedure, line.metric));
    format!(
        "\
Would other seeds and other rows give another best score? Percent, {procedure} {metric}.
* the best mean of the training on the set; = may be as good as any; no mark: worse.
Errors are standard errors of the mean: by the seeds alone, by the rows alone, by both
(which can come out below that of the rows: it rests on the few seeds that there are).
difference: from the best, seed by seed, with its interval and p of this pair alone;
p (adjusted): of lying below another score, Holm's correction over all pairs.

"
    )
}

fn grid(lines: &[BySeeds]) -> Grid {
    let grid = Grid::of_numbers(&["training", "seeds", "score"], HEADINGS).with_labels("OOD set");
    let row = |line: &BySeeds| {
        let keys = [line.training.clone(), line.seeds.to_string(), line.score.clone()];
        keys.into_iter().chain(values(line)).collect()
    };
    by_set(grid, lines, compared, |line| compared(line).set(), row)
}

fn compared(line: &BySeeds) -> Compared<'_> {
    let BySeeds { training, ood, group, score, untested, .. } = line;
    Compared { of: training, ood, group: group.as_deref(), score, untested: untested.as_deref() }
}

/// What stands under [`HEADINGS`].
fn values(line: &BySeeds) -> [String; 9] {
    let percent = |value: f64| plain(format!("{:.2}", value * 100.0));
    let optional = |value: Option<f64>| value.map_or_else(String::new, percent);
    let ends = line.difference_low.zip(line.difference_high);
    [
        format!("{}{}", mark(line.verdict), percent(line.mean)),
        line.low.zip(line.high).map_or_else(String::new, |ends| interval_around(line.mean, ends)),
        optional(line.error_of_seeds),
        optional(line.error_of_rows),
        optional(line.standard_error),
        line.difference.map_or_else(String::new, |value| plain(format!("{:+.2}", value * 100.0))),
        line.difference.zip(ends).map_or_else(String::new, |(value, ends)| interval_around_difference(value, ends)),
        line.p.map_or_else(String::new, p_value),
        line.p_adjusted.map_or_else(String::new, p_value),
    ]
}
