//! The verdict in words: which score is the best, which cannot be told from it, and what the tables cannot say.

use crate::metric::Better;
use crate::report::plain;
use crate::table::Overview as Table;
use crate::table::against_best::Verdict as Tested;
use crate::table::comparison::DIGITS;
use crate::table::overview::{Column, Line, Overview, Training};

/// The metric that a verdict is by, if a procedure has it; else its first.
const METRIC: &str = "auroc";

/// What is said first of every in-distribution set, and what is said then.
pub(super) struct Verdict {
    pub(super) first: Vec<String>,
    pub(super) further: Vec<String>,
}

/// Sentences about the first procedure's AUROC on every in-distribution set.
pub(super) fn of(tables: &[Table]) -> Verdict {
    let sets = headline(tables);
    if sets.is_empty() {
        return Verdict { first: vec!["No record has a value.".to_owned()], further: Vec::new() };
    }
    let first = |table: &&Overview| {
        let last = table.columns.len().checked_sub(1);
        last.map(|last| format!("{}: {}", table.in_distribution, of_column(table, last)))
    };
    Verdict {
        first: sets.iter().filter_map(first).collect(),
        further: sets.iter().flat_map(|table| further(table)).collect(),
    }
}

/// The tables that verdicts are by: one of each in-distribution set.
pub(super) fn headline(tables: &[Overview]) -> Vec<&Overview> {
    let Some(first) = tables.first() else { return Vec::new() };
    let of_procedure = || tables.iter().filter(|table| table.procedure.id == first.procedure.id);
    let metric =
        of_procedure().find(|table| table.metric.id == METRIC).map_or(first.metric.id, |table| table.metric.id);
    of_procedure().filter(|table| table.metric.id == metric).collect()
}

/// The first run of each training with its best scores in the last column, so many at most.
pub(super) fn best_of_trainings(table: &Overview, most: usize) -> Vec<(String, Vec<String>)> {
    let sign = if table.metric.better == Better::Higher { 1.0 } else { -1.0 };
    let of_training = |training: &Training| {
        // What has no value there comes last.
        let value = |line: &&Line| {
            line.values.last().and_then(|value| value.value).map_or(f64::NEG_INFINITY, |value| sign * value)
        };
        let mut lines: Vec<&Line> = training.lines.iter().collect();
        lines.sort_by(|a, b| value(b).total_cmp(&value(a)));
        let scores = lines.into_iter().take(most).map(|line| line.score.clone()).collect();
        Some((training.runs.first()?.clone(), scores))
    };
    table.trainings.iter().filter_map(of_training).collect()
}

/// Groups of sets, then what to be careful about.
fn further(table: &Overview) -> Vec<String> {
    // The mean of all sets, or the only one, is the last column; before it the means of groups.
    let Some(last) = table.columns.len().checked_sub(1) else { return Vec::new() };
    let groups = (0..last).filter(|&column| table.columns[column].is_mean);
    let mut said: Vec<String> =
        groups.map(|column| format!("{}, {}", table.in_distribution, of_column(table, column))).collect();
    if !table.columns[last].is_mean {
        said.push(format!("{} has one OOD set only: how scores rank on others is unknown.", table.in_distribution));
    }
    if table.trainings.iter().all(|training| training.runs.len() < 2) {
        said.push(format!(
            "{} has one run of each training only: what other seeds would give is not in these values.",
            table.in_distribution
        ));
    }
    let missing = table.missing();
    if !missing.is_empty() {
        let lines = if missing.len() == 1 { "1 line says".to_owned() } else { format!("{} lines say", missing.len()) };
        said.push(format!("Not every value is there: {lines} below the tables which and why."));
    }
    said
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

fn of_column(table: &Overview, column: usize) -> String {
    let higher = table.metric.better == Better::Higher;
    let valued = || table.lines().filter_map(|(training, line)| Some((training, line, line.values[column].value?)));
    let better = |a: f64, b: f64| if higher { a > b } else { a < b };
    let Some(best) = valued().reduce(|best, one| if better(one.2, best.2) { one } else { best }) else {
        return format!("{}: no score has a value.", place(&table.columns[column]));
    };
    let (training, line, value) = best;
    let percent = |value: f64| plain(format!("{:.DIGITS$}", value * 100.0));
    let std = line.values[column].std.map(|std| format!(" ± {}", percent(std))).unwrap_or_default();
    let seeds = training.runs.len();
    let over = if seeds > 1 { format!(" over {seeds} seeds") } else { String::new() };
    let scores = training.lines.iter().filter(|line| line.values[column].value.is_some()).count();
    let among = match table.trainings.len() {
        1 => format!("the best of {} is", counted(scores, "score", "scores")),
        _ => format!("the best of {} of training and score is", counted(valued().count(), "pair", "pairs")),
    };
    format!(
        "{}: by {} {among} {} of {} ({}{std} %{over}).{}",
        place(&table.columns[column]),
        table.metric.title,
        line.score,
        training.name,
        percent(value),
        others(training, line, column)
    )
}

fn place(column: &Column) -> String {
    match (&column.group, column.is_mean) {
        (Some(group), true) => format!("{group}, {}", column.label),
        (None, true) => format!("all, {} OOD sets", column.label),
        _ => column.name(),
    }
}

/// What tests say of the other scores of the training.
fn others(training: &Training, best: &Line, column: usize) -> String {
    let of = |verdict: Tested| -> Vec<&str> {
        let own =
            training.lines.iter().filter(|line| line.values[column].verdict == verdict && line.score != best.score);
        own.map(|line| line.score.as_str()).collect()
    };
    let (level, worse) = (of(Tested::MayBeBest), of(Tested::Worse));
    if level.is_empty() && worse.is_empty() {
        return if training.lines.len() > 1 {
            " Whether others are worse was not tested.".to_owned()
        } else {
            String::new()
        };
    }
    let of_all = if worse.is_empty() { String::new() } else { format!(" Significantly worse: {}.", worse.join(", ")) };
    if level.is_empty() {
        return format!(" All others of this training are significantly worse: {}.", worse.join(", "));
    }
    format!(" Not significantly worse: {}.{of_all}", level.join(", "))
}
