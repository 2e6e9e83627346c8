//! Which scores of a training may be its best in a column: by its seeds, or by the rows of its one run.

use super::super::against_best::{AgainstBest, LEVEL, Verdict};
use super::super::comparison::DIGITS;
use super::columns::Column;
use super::shape::{Line, Overview, Training, Value};
use crate::metric::{Better, Metric};
use crate::stats::repeats::{Place, places};

/// Marks the values of a column.
pub(super) fn mark(training: &mut Training, (number, column): (usize, &Column), metric: &Metric, rows: &[AgainstBest]) {
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
    if training.runs.len() > 1 {
        by_seeds(training, number, sign);
    } else {
        by_rows(training, (number, column), metric, rows);
    }
}

/// Scores that have a value on every seed are tested together.
fn by_seeds(training: &mut Training, number: usize, sign: f64) {
    let seeds = training.runs.len();
    let of_line = |line: &Line| {
        let each = &line.values[number].each;
        (each.len() == seeds).then(|| each.iter().map(|value| sign * value).collect::<Vec<f64>>())
    };
    let values: Vec<Option<Vec<f64>>> = training.lines.iter().map(of_line).collect();
    let complete: Vec<&[f64]> = values.iter().flatten().map(Vec::as_slice).collect();
    let mut found = places(&complete, LEVEL).into_iter();
    for (line, values) in training.lines.iter_mut().zip(&values) {
        let Some(place) = values.as_ref().and_then(|_| found.next()) else { continue };
        line.values[number].verdict = match place {
            Place::Best => Verdict::Best,
            Place::MayBeBest => Verdict::MayBeBest,
            Place::Worse => Verdict::Worse,
            Place::Untested => Verdict::Untested,
        };
    }
}

/// The test of AUROCs on the rows of one run, where it is of the value in the table.
fn by_rows(training: &mut Training, (number, column): (usize, &Column), metric: &Metric, rows: &[AgainstBest]) {
    if column.is_mean || metric.id != "auroc" {
        return;
    }
    let Some(run) = training.runs.first() else { return };
    let of_column: Vec<&AgainstBest> =
        rows.iter().filter(|line| line.run == *run && line.ood == column.label && line.group == column.group).collect();
    let own = |score: &str| of_column.iter().find(|line| line.score == score);
    // The test counts ties half. A procedure that counts them otherwise has other values; where tables show another number, the test is not of it.
    let same = |value: f64, line: &AgainstBest| (value - line.auroc).abs() < 0.5e-2 / 10_f64.powi(DIGITS as i32);
    let is_of_value = training.lines.iter().all(|line| match (line.values[number].value, own(&line.score)) {
        (Some(value), Some(test)) => same(value, test),
        (None, _) => true,
        (Some(_), None) => false,
    });
    if is_of_value {
        for line in &mut training.lines {
            if let Some(test) = own(&line.score).filter(|_| line.values[number].value.is_some()) {
                line.values[number].verdict = test.verdict;
            }
        }
    }
}

/// What the marks of a table mean.
pub(super) fn ways(table: &Overview) -> Vec<String> {
    let tested = |several: bool| {
        let mut own = table.lines().filter(|(training, _)| (training.runs.len() > 1) == several);
        own.any(|(_, line)| line.values.iter().any(|value| value.verdict != Verdict::Untested))
    };
    let seeds = table.trainings.iter().map(|training| training.runs.len()).filter(|runs| *runs > 1).min();
    let mut said = Vec::new();
    if let Some(seeds) = seeds.filter(|_| tested(true)) {
        let few = if seeds < 5 { format!("; {seeds} seeds tell apart only large differences") } else { String::new() };
        said.push(format!(
            "Bold: the best score of a training and those not significantly worse, by paired t tests over seeds, all pairs of its scores, Holm, \
             5 %; the rows tested are the same for all seeds{few}"
        ));
    }
    if tested(false) {
        said.push(
            "Bold in columns of single runs: the best score of a run and those not significantly worse, by tests on the rows of the set that account \
             for the choice of the best, 5 %"
                .to_owned(),
        );
    }
    let untested = |value: &Value| value.verdict == Verdict::Untested && value.value.is_some();
    if table.lines().any(|(_, line)| line.values.iter().any(untested)) {
        said.push("Where nothing was tested, bold is the best of its training alone".to_owned());
    }
    said
}
