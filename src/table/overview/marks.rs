//! Which scores of a training may be its best in a column: by its seeds, or by seeds and rows where the dumps were there.

use super::super::against_best::{LEVEL, Verdict};
use super::super::by_seeds::{BySeeds, SeedValues, compare};
use super::super::comparison::DIGITS;
use super::columns::Column;
use super::shape::{Overview, Training, Value};
use crate::metric::{Better, Metric};

/// Marks the values of a column.
pub(super) fn mark(
    training: &mut Training,
    (number, column): (usize, &Column),
    metric: &Metric,
    (in_distribution, tests): (&str, &[BySeeds]),
) {
    let sign = if metric.better == Better::Higher { 1.0 } else { -1.0 };
    // Two values that print the same are equally good to the reader.
    let shown = |value: f64| (sign * value * 100.0 * 10_f64.powi(DIGITS as i32)).round();
    let all: Vec<f64> = training.lines.iter().filter_map(|line| line.values[number].value).map(shown).collect();
    let best = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let differ = all.iter().any(|value| *value != best);
    for line in &mut training.lines {
        let value = &mut line.values[number];
        value.is_first = differ && value.value.map(shown) == Some(best);
    }
    if !by_rows(training, (number, column), metric, (in_distribution, tests)) && training.runs.len() > 1 {
        by_seeds(training, number, metric);
    }
}

/// Scores that have a value on every seed are tested together.
fn by_seeds(training: &mut Training, number: usize, metric: &Metric) {
    let seeds = training.runs.len();
    let complete: Vec<SeedValues> = training
        .lines
        .iter()
        .filter(|line| line.values[number].each.len() == seeds)
        .map(|line| SeedValues { score: line.score.clone(), values: line.values[number].each.clone() })
        .collect();
    let of = BySeeds::of(&training.name, None, ("", None), ("", metric.id));
    for found in compare(&of, &complete, None, metric.better, LEVEL) {
        let own = training.lines.iter_mut().find(|line| line.score == found.score);
        own.into_iter().for_each(|line| line.values[number].verdict = found.verdict);
    }
}

/// Takes the tests of AUROCs over seeds and rows, where they are of the values in the table; tells whether they are.
fn by_rows(
    training: &mut Training,
    (number, column): (usize, &Column),
    metric: &Metric,
    (in_distribution, tests): (&str, &[BySeeds]),
) -> bool {
    if column.is_mean || metric.id != "auroc" {
        return false;
    }
    let is_own = |test: &&BySeeds| {
        test.training == training.name
            && test.in_distribution.as_deref().unwrap_or("in-distribution") == in_distribution
            && (&test.ood, &test.group) == (&column.label, &column.group)
    };
    let own: Vec<&BySeeds> = tests.iter().filter(is_own).collect();
    // The tests count ties half. A procedure that counts them otherwise has other values: where the table shows another number, they are not of it.
    let same = |value: f64, test: &BySeeds| (value - test.mean).abs() < 0.5e-2 / 10_f64.powi(DIGITS as i32);
    let of_score = |score: &str| own.iter().copied().find(|test| test.score == score);
    let complete = |value: &Value| value.each.len() == training.runs.len();
    let is_of_table = training.lines.iter().filter(|line| complete(&line.values[number])).all(|line| {
        let test = of_score(&line.score);
        line.values[number].value.zip(test).is_some_and(|(value, test)| same(value, test))
    });
    if own.is_empty() || !is_of_table {
        return false;
    }
    for line in &mut training.lines {
        let value = &mut line.values[number];
        if let Some(test) = of_score(&line.score).filter(|_| value.value.is_some()) {
            let (least, greatest) = metric.range;
            value.verdict = test.verdict;
            value.counts_rows = test.error_of_rows.is_some();
            let ends = test.low.zip(test.high).map(|(low, high)| (low.max(least), high.min(greatest)));
            value.interval = ends.filter(|_| value.counts_rows).or(value.interval);
        }
    }
    true
}

/// What the marks of a table mean.
pub(super) fn ways(table: &Overview) -> Vec<String> {
    let tested = |counts_rows: bool| {
        let is_own = |value: &Value| value.counts_rows == counts_rows && value.verdict != Verdict::Untested;
        table.lines().any(|(_, line)| line.values.iter().any(is_own))
    };
    let seeds = table.trainings.iter().map(|training| training.runs.len()).filter(|runs| *runs > 1).min();
    let few =
        seeds.filter(|seeds| *seeds < 5).map(|seeds| format!("; {seeds} seeds tell apart only large differences"));
    let mut said = Vec::new();
    if tested(false) {
        said.push(format!(
            "Bold: the best score of a training and those not significantly worse, by paired t tests over seeds, all pairs of its scores, Holm, \
             5 %; the rows tested are the same for all seeds{}",
            few.clone().unwrap_or_default()
        ));
    }
    if tested(true) {
        said.push(format!(
            "{}: the best score of a training and those not significantly worse, by tests over its seeds and over the rows of the set, all pairs of its \
             scores, Holm, 5 %{}",
            if tested(false) { "Bold in columns of single sets" } else { "Bold" },
            few.unwrap_or_default()
        ));
    }
    let untested = |value: &Value| value.verdict == Verdict::Untested && value.value.is_some();
    if table.lines().any(|(_, line)| line.values.iter().any(untested)) {
        said.push("Where nothing was tested, bold is the best of its training alone".to_owned());
    }
    said
}
