//! Which scores of a training may be its best in a column: by its seeds, or by seeds and rows where the dumps were there.

use super::super::against_best::{LEVEL, Verdict};
use super::super::by_seeds::{BySeeds, SeedValues, compare};
use super::super::comparison::DIGITS;
use super::shape::{Interval, IntervalBy, Line, Overview, Training, Value};
use crate::metric::{Better, Metric};

/// Marks the values of a column. What has no value of every seed is compared with nothing.
pub(super) fn mark(training: &mut Training, column: usize, table: &Overview, tests: &[BySeeds]) {
    let sign = sign(table.metric);
    // Two values that print the same are equally good to the reader.
    let shown = |value: f64| (sign * value * 100.0 * 10_f64.powi(DIGITS as i32)).round();
    let complete = |line: &Line| line.values[column].value.filter(|_| training.is_complete(&line.values[column]));
    let all: Vec<Option<f64>> = training.lines.iter().map(|line| complete(line).map(shown)).collect();
    let best = all.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let differ = all.iter().flatten().any(|value| *value != best);
    for (line, own) in training.lines.iter_mut().zip(all) {
        line.values[column].is_first = differ && own == Some(best);
    }
    if !by_rows(training, column, table, tests) && training.runs.len() > 1 {
        by_seeds(training, column, table.metric);
    }
}

fn sign(metric: &Metric) -> f64 {
    if metric.better == Better::Higher { 1.0 } else { -1.0 }
}

/// Scores that have a value on every seed are tested together.
fn by_seeds(training: &mut Training, column: usize, metric: &Metric) {
    let own = |line: &Line| SeedValues { score: line.score.clone(), values: line.values[column].each.clone() };
    let complete: Vec<SeedValues> =
        training.lines.iter().filter(|line| training.is_complete(&line.values[column])).map(own).collect();
    let of = BySeeds::of(&training.name, None, ("", None), ("", metric.id));
    for found in compare(&of, &complete, None, metric.better, LEVEL) {
        let own = training.lines.iter_mut().find(|line| line.score == found.score);
        own.into_iter().for_each(|line| line.values[column].verdict = found.verdict);
    }
}

/// Takes the tests of AUROCs over seeds and rows, where they are of the values in the table; tells whether they are.
fn by_rows(training: &mut Training, number: usize, table: &Overview, tests: &[BySeeds]) -> bool {
    let column = &table.columns[number];
    if column.is_mean || table.metric.id != "auroc" {
        return false;
    }
    let is_own = |test: &&BySeeds| {
        test.training == training.name
            && test.in_distribution == table.in_distribution
            && (&test.ood, &test.group) == (&column.label, &column.group)
    };
    let own: Vec<&BySeeds> = tests.iter().filter(is_own).collect();
    // The tests count ties half. A procedure that counts them otherwise has other values: where the table shows another number, they are not of it.
    let same = |value: f64, test: &BySeeds| (value - test.mean).abs() < 0.5e-2 / 10_f64.powi(DIGITS as i32);
    let of_score = |score: &str| own.iter().copied().find(|test| test.score == score);
    let is_of_table = training.lines.iter().filter(|line| training.is_complete(&line.values[number])).all(|line| {
        let test = of_score(&line.score);
        line.values[number].value.zip(test).is_some_and(|(value, test)| same(value, test))
    });
    if own.is_empty() || !is_of_table {
        return false;
    }
    let by = if training.runs.len() > 1 { IntervalBy::SeedsAndRows } else { IntervalBy::Rows };
    for line in &mut training.lines {
        let value = &mut line.values[number];
        if let Some(test) = of_score(&line.score).filter(|_| value.value.is_some()) {
            let (least, greatest) = table.metric.range;
            value.verdict = test.verdict;
            value.counts_rows = test.error_of_rows.is_some();
            let ends = test.low.zip(test.high).filter(|_| value.counts_rows && (test.level - table.level).abs() < 1e-9);
            let found = ends.map(|(low, high)| Interval { low: low.max(least), high: high.min(greatest), by });
            // What was drawn for the record is what was asked for.
            let drawn = value.interval.filter(|interval| interval.by == IntervalBy::Draws);
            value.interval = drawn.or(found).or(value.interval);
        }
    }
    true
}

/// What the marks of a table mean.
pub(super) fn ways(table: &Overview) -> Vec<String> {
    let tested = |counts_rows: bool, several: bool| {
        let is_own = |value: &Value| value.counts_rows == counts_rows && value.verdict != Verdict::Untested;
        let mut lines = table.lines().filter(|(training, _)| (training.runs.len() > 1) == several);
        lines.any(|(_, line)| line.values.iter().any(is_own))
    };
    let seeds = table.trainings.iter().map(|training| training.runs.len()).filter(|runs| *runs > 1).min();
    let few =
        seeds.filter(|seeds| *seeds < 5).map(|seeds| format!("; {seeds} seeds tell apart only large differences"));
    let few = few.unwrap_or_default();
    let mut said = Vec::new();
    if tested(false, true) {
        said.push(format!(
            "Bold: the best score of a training and those not significantly worse, by paired t tests over seeds, all pairs of its scores, Holm, \
             5 %; the rows tested are the same for all seeds{few}"
        ));
    }
    let by = match (tested(true, false), tested(true, true)) {
        (false, false) => None,
        (true, false) => Some("DeLong's tests over the rows of the set"),
        (false, true) => Some("tests over its seeds and over the rows of the set"),
        (true, true) => Some("tests over the rows of the set and, where it has several, over its seeds"),
    };
    if let Some(by) = by {
        let has_means = table.columns.iter().any(|column| column.is_mean);
        said.push(format!(
            "{}: the best score of a training and those not significantly worse, by {by}, all pairs of its scores, Holm, 5 %{few}",
            if has_means { "Bold in columns of single sets" } else { "Bold" },
        ));
    }
    let untested = |value: &Value| value.verdict == Verdict::Untested && value.value.is_some();
    if table.lines().any(|(_, line)| line.values.iter().any(untested)) {
        said.push("Where nothing was tested, bold is the best of its training alone".to_owned());
    }
    said
}
