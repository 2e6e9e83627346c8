//! Scores against the best one of their run, for reading.

use super::compared::{Compared, by_set, mark, untested};
use super::grid::{Grid, Style};
use super::markdown::escape;
use super::plain;
use crate::table::AgainstBest;

const HEADINGS: [&str; 5] = ["AUROC", "std. error", "difference", "p", "p (adjusted)"];

/// For the terminal: what may be the best is marked.
#[must_use]
pub fn text(lines: &[AgainstBest], style: Style) -> String {
    let grid = Grid::of_numbers(&["run", "score"], HEADINGS).with_labels("OOD set");
    let row = |line: &AgainstBest| [line.run.clone(), line.score.to_owned()].into_iter().chain(values(line)).collect();
    let grid = by_set(grid, lines, compared, |line| compared(line).set(), row);
    format!("{HEADER}{}{}", grid.render(style), untested(lines, compared))
}

/// The same as GitHub-flavoured Markdown.
#[must_use]
pub fn markdown(lines: &[AgainstBest]) -> String {
    let row = |line: &AgainstBest| {
        let cells = [compared(line).set(), line.run.clone(), line.score.to_owned()].into_iter().chain(values(line));
        format!("| {} |\n", cells.map(|cell| escape(&cell)).collect::<Vec<_>>().join(" | "))
    };
    let rows: String = lines.iter().map(row).collect();
    let heading = format!(
        "| OOD set | run | score | {} |\n|---|---|---|{}",
        HEADINGS.join(" | "),
        "---:|".repeat(HEADINGS.len())
    );
    format!("{}{heading}\n{rows}\n{}", escape_lines(HEADER), escape_lines(&untested(lines, compared)))
}

fn escape_lines(text: &str) -> String {
    text.lines().map(|line| escape(line) + "\n").collect()
}

fn compared(line: &AgainstBest) -> Compared<'_> {
    let AgainstBest { run, ood, group, score, untested, .. } = line;
    Compared { of: run, ood, group: group.as_deref(), score, untested: untested.as_deref() }
}

/// What stands under [`HEADINGS`].
fn values(line: &AgainstBest) -> [String; 5] {
    let percent: fn(f64) -> String = |value| plain(format!("{:.2}", value * 100.0));
    let optional = |value: Option<f64>, show: fn(f64) -> String| value.map_or_else(String::new, show);
    [
        format!("{}{}", mark(line.verdict), percent(line.auroc)),
        optional(line.standard_error, percent),
        optional(line.difference, |value| plain(format!("{:+.2}", value * 100.0))),
        optional(line.p, p_value),
        optional(line.p_adjusted, p_value),
    ]
}

/// What is tested and what the marks promise.
const HEADER: &str = "\
Percent. AUROC, ties counting half. * the best score of the run on the set;
= may be as good as any; no mark: significantly below another, or not tested.
p: DeLong's paired test of the score and the best one alone.
p (adjusted): of being one of the best, all scores compared with all in steps:
on a set, any score as good as the best goes unmarked in 5 % of samples at most,
however many scores there are and though the best was chosen on these rows.

";

/// A p-value to four decimals.
pub(super) fn p_value(p: f64) -> String {
    if p < 1e-4 { "<0.0001".to_owned() } else { format!("{p:.4}") }
}
