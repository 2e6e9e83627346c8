//! Scores over many sets in probabilities, for reading.

use super::grid::Grid;
use super::plain;
use crate::table::bayes::BayesLine;

/// What is said and how sure it is.
#[must_use]
pub fn header(lines: &[BayesLine]) -> String {
    let (procedure, metric, rope) =
        lines.first().map_or(("", "", 0.0), |line| (line.procedure, line.metric, line.rope));
    format!(
        "\
How probable is it that a score is better than the best one by more than matters?
Percent, {procedure} {metric}; {} points do not matter (--rope). Over sets, Bayesian signed-rank test;
IQM: mean of the middle half over runs and sets.
Above best: how often one of its runs is better than one of the best score's.

",
        plain(format!("{:.2}", rope * 100.0))
    )
}

/// A line each.
#[must_use]
pub fn grid(lines: &[BayesLine]) -> Grid {
    let headings = ["IQM", "median", "above best", "P(better)", "P(same)", "P(worse)"];
    let mut grid = Grid::of_numbers(&["score"], headings).with_labels("training");
    let percent = |value: f64, decimals: usize| plain(format!("{:.decimals$}", value * 100.0));
    let optional = |value: Option<f64>| value.map_or_else(String::new, |value| percent(value, 1));
    for (i, line) in lines.iter().enumerate() {
        if i == 0 || lines[i - 1].training != line.training {
            grid.group(&line.training);
        }
        grid.row([
            line.score.clone(),
            percent(line.iqm, 2),
            percent(line.median, 2),
            optional(line.probability_above),
            optional(line.p_better),
            optional(line.p_same),
            optional(line.p_worse),
        ]);
    }
    grid
}
