//! Scores against the best one of their run, for reading.

use super::grid::{Grid, Style};
use super::markdown::escape;
use super::plain;
use crate::printable;
use crate::table::{AgainstBest, Verdict};

const HEADINGS: [&str; 5] = ["AUROC", "std. error", "difference", "p", "p (adjusted)"];

/// For the terminal: what may be the best is marked.
#[must_use]
pub fn text(lines: &[AgainstBest], style: Style) -> String {
    let mut grid = Grid::of_numbers(&["run", "score"], HEADINGS).with_labels("OOD set");
    let set = |line: &AgainstBest| (line.run.clone(), line.group.clone(), line.ood.clone());
    for (i, line) in lines.iter().enumerate() {
        if i == 0 || set(&lines[i - 1]) != set(line) {
            grid.group(label(line));
        }
        grid.row([line.run.clone(), line.score.to_owned()].into_iter().chain(values(line)));
    }
    format!("{HEADER}{}{}", grid.render(style), untested(lines))
}

/// The same as GitHub-flavoured Markdown.
#[must_use]
pub fn markdown(lines: &[AgainstBest]) -> String {
    let row = |line: &AgainstBest| {
        let cells = [label(line), line.run.clone(), line.score.to_owned()].into_iter().chain(values(line));
        format!("| {} |\n", cells.map(|cell| escape(&cell)).collect::<Vec<_>>().join(" | "))
    };
    let rows: String = lines.iter().map(row).collect();
    let heading = format!(
        "| OOD set | run | score | {} |\n|---|---|---|{}",
        HEADINGS.join(" | "),
        "---:|".repeat(HEADINGS.len())
    );
    format!("{}{heading}\n{rows}\n{}", escape_lines(HEADER), escape_lines(&untested(lines)))
}

fn escape_lines(text: &str) -> String {
    text.lines().map(|line| escape(line) + "\n").collect()
}

/// The OOD set with its group.
fn label(line: &AgainstBest) -> String {
    line.group.as_ref().map_or_else(|| line.ood.clone(), |group| format!("{group}/{}", line.ood))
}

/// What stands under [`HEADINGS`].
fn values(line: &AgainstBest) -> [String; 5] {
    let percent: fn(f64) -> String = |value| plain(format!("{:.2}", value * 100.0));
    let optional = |value: Option<f64>, show: fn(f64) -> String| value.map_or_else(String::new, show);
    let mark = match line.verdict {
        Verdict::Best => "*",
        Verdict::MayBeBest => "=",
        Verdict::Worse | Verdict::Untested => "",
    };
    [
        format!("{mark}{}", percent(line.auroc)),
        optional(line.standard_error, percent),
        optional(line.difference, |value| plain(format!("{:+.2}", value * 100.0))),
        optional(line.p, p_value),
        optional(line.p_adjusted, p_value),
    ]
}

/// Why there are no tests: a line for a set if it holds for all of its scores, else one for each score.
fn untested(lines: &[AgainstBest]) -> String {
    let set = |line: &AgainstBest| (line.run.clone(), line.ood.clone());
    let mut reasons: Vec<String> = Vec::new();
    for line in lines {
        let Some(why) = &line.untested else { continue };
        let of_all =
            lines.iter().filter(|other| set(other) == set(line)).all(|other| other.untested.as_ref() == Some(why));
        let score = if of_all { String::new() } else { format!(", {}", line.score) };
        let (run, ood) = (printable::line(&line.run), printable::line(&line.ood));
        let reason = format!("not tested: {run}, {ood}{score}: {why}\n");
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons.concat()
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
