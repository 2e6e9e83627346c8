//! Scores against the best one of their run, as text, JSON and comma-separated values.

use super::grid::{Grid, Style};
use super::plain;
use crate::printable;
use crate::table::csv::guard;
use crate::table::{AgainstBest, Verdict};

/// For reading: what may be the best is marked.
#[must_use]
pub fn text(lines: &[AgainstBest], style: Style) -> String {
    let headings = ["AUROC", "std. error", "difference", "p", "p (adjusted)"];
    let mut grid = Grid::of_numbers(&["run", "score"], headings).with_labels("OOD set");
    let percent: fn(f64) -> String = |value| plain(format!("{:.2}", value * 100.0));
    let set = |line: &AgainstBest| (line.run.clone(), line.group.clone(), line.ood.clone());
    for (i, line) in lines.iter().enumerate() {
        if i == 0 || set(&lines[i - 1]) != set(line) {
            grid.group(line.group.as_ref().map_or_else(|| line.ood.clone(), |group| format!("{group}/{}", line.ood)));
        }
        let mark = match line.verdict {
            Verdict::Best => "*",
            Verdict::MayBeBest => "=",
            Verdict::Worse | Verdict::Untested => "",
        };
        let optional = |value: Option<f64>, show: fn(f64) -> String| value.map_or_else(String::new, show);
        grid.row([
            line.run.clone(),
            line.score.to_owned(),
            format!("{mark}{}", percent(line.auroc)),
            optional(line.standard_error, percent),
            optional(line.difference, |value| plain(format!("{:+.2}", value * 100.0))),
            optional(line.p, p_value),
            optional(line.p_adjusted, p_value),
        ]);
    }
    format!("{HEADER}{}{}", grid.render(style), untested(lines))
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

fn p_value(p: f64) -> String {
    if p < 1e-4 { "<0.0001".to_owned() } else { format!("{p:.4}") }
}

/// One object per line of an array.
///
/// # Errors
/// Never: what is not finite becomes null.
pub fn json(lines: &[AgainstBest]) -> serde_json::Result<String> {
    let lines = lines.iter().map(serde_json::to_string).collect::<serde_json::Result<Vec<_>>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// With a header; what is not there is an empty field. Names that a spreadsheet would take for formulas are marked: [`guard`].
///
/// # Errors
/// Never in memory; the signature is that of the writer behind it.
pub fn csv(lines: &[AgainstBest]) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let text = |text: &String| guard(text).into_owned();
    for line in lines {
        writer.serialize(AgainstBest {
            run: text(&line.run),
            in_distribution: line.in_distribution.as_ref().map(text),
            ood: text(&line.ood),
            group: line.group.as_ref().map(text),
            ..line.clone()
        })?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
