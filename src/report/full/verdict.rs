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
        let found = of_column(table, table.columns.len().checked_sub(1)?);
        Some(table.in_distribution.as_ref().map_or_else(|| found.clone(), |set| format!("{set}: {found}")))
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
        // What has no value of every seed there comes last.
        let value = |line: &&Line| {
            let own = line.values.last().filter(|value| training.is_complete(value));
            own.and_then(|value| value.value).map_or(f64::NEG_INFINITY, |value| sign * value)
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
    let name = table.in_distribution.as_ref();
    let of_group = |column| {
        let found = of_column(table, column);
        name.map_or_else(|| found.clone(), |set| format!("{set}, {found}"))
    };
    let mut said: Vec<String> = groups.map(of_group).collect();
    let there_is = name.map_or_else(|| "There is".to_owned(), |set| format!("{set} has"));
    if !table.columns[last].is_mean && !table.procedure.is_of_id() {
        said.push(format!("{there_is} one OOD set only: how scores rank on others is unknown."));
    }
    if table.trainings.iter().all(|training| training.runs.len() < 2) {
        said.push(format!(
            "{there_is} one run of each training only: what other seeds would give is not in these values."
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
    // A mean over fewer seeds is another mean.
    let complete = |training: &Training, line: &Line| {
        line.values[column].value.filter(|_| training.is_complete(&line.values[column]))
    };
    let valued = || table.lines().filter_map(|(training, line)| Some((training, line, complete(training, line)?)));
    let better = |a: f64, b: f64| if higher { a > b } else { a < b };
    let place = place(table, column);
    let Some(best) = valued().reduce(|best, one| if better(one.2, best.2) { one } else { best }) else {
        let several = table.trainings.iter().any(|training| training.runs.len() > 1);
        return format!("{place}: no score has a value{}.", if several { " of every seed" } else { "" });
    };
    let (training, line, value) = best;
    let percent = |value: f64| plain(format!("{:.DIGITS$}", value * 100.0));
    let std = line.values[column].std.map(|std| format!(" ± {}", percent(std))).unwrap_or_default();
    let seeds = training.runs.len();
    let over = if seeds > 1 { format!(" over {seeds} seeds") } else { String::new() };
    let count = valued().count();
    let among = match table.trainings.len() {
        1 => format!("the best of {} is", counted(count, "score", "scores")),
        _ => format!("the best of {} of training and score is", counted(count, "combination", "combinations")),
    };
    format!(
        "{place}: by {} {among} {} of {} ({}{std} %{over}).{}{}",
        table.metric.title,
        line.score,
        training.name,
        percent(value),
        others(table, training, (line, column)),
        on_single_sets(table, training, (line, column))
    )
}

fn place(table: &Overview, column: usize) -> String {
    let Column { label, group, is_mean } = &table.columns[column];
    match (group, is_mean) {
        (Some(group), true) => format!("{group}, {label}"),
        (None, true) => {
            let all = if table.in_distribution.is_some() { "all" } else { "All" };
            format!("{all}, {label} OOD sets")
        }
        _ => table.columns[column].name(),
    }
}

/// The single sets that a mean is over; none of a single set.
fn sets_of(table: &Overview, column: usize) -> Vec<usize> {
    let Column { group, is_mean, .. } = &table.columns[column];
    let is_own = |other: &usize| {
        let other = &table.columns[*other];
        *is_mean && !other.is_mean && (group.is_none() || other.group == *group)
    };
    (0..table.columns.len()).filter(is_own).collect()
}

/// What tests say of the other scores of the training.
fn others(table: &Overview, training: &Training, (best, column): (&Line, usize)) -> String {
    let of = |verdict: Tested| -> Vec<&str> {
        let own =
            training.lines.iter().filter(|line| line.values[column].verdict == verdict && line.score != best.score);
        own.map(|line| line.score.as_str()).collect()
    };
    let (level, worse) = ([of(Tested::Best), of(Tested::MayBeBest)].concat(), of(Tested::Worse));
    if level.is_empty() && worse.is_empty() {
        let is_tested = |set: usize| training.lines.iter().any(|line| line.values[set].verdict != Tested::Untested);
        return match training.lines.len() {
            0 | 1 => String::new(),
            _ if sets_of(table, column).into_iter().any(is_tested) => {
                " The mean itself was not tested, single sets were: see the table.".to_owned()
            }
            _ => " Whether others are worse was not tested.".to_owned(),
        };
    }
    if best.values[column].verdict == Tested::Untested {
        return " It was not tested against the others.".to_owned();
    }
    let of_all = if worse.is_empty() { String::new() } else { format!(" Significantly worse: {}.", worse.join(", ")) };
    if level.is_empty() {
        return format!(" All others of this training are significantly worse: {}.", worse.join(", "));
    }
    format!(" Not significantly worse: {}.{of_all}", level.join(", "))
}

/// On which of the sets behind a mean its best score is significantly below another one of the training, and which is the best there.
fn on_single_sets(table: &Overview, training: &Training, (best, column): (&Line, usize)) -> String {
    let sets = sets_of(table, column);
    let below = sets.iter().copied().filter(|set| best.values[*set].verdict == Tested::Worse);
    let mut by_score: Vec<(&str, Vec<String>)> = Vec::new();
    for set in below {
        let first = training.lines.iter().find(|line| line.values[set].verdict == Tested::Best);
        let Some(first) = first.map(|line| line.score.as_str()) else { continue };
        match by_score.iter_mut().find(|(score, _)| *score == first) {
            Some((_, names)) => names.push(table.columns[set].name()),
            None => by_score.push((first, vec![table.columns[set].name()])),
        }
    }
    let count: usize = by_score.iter().map(|(_, names)| names.len()).sum();
    if count == 0 {
        return String::new();
    }
    let named: Vec<String> = by_score.iter().map(|(score, names)| format!("{score} ({})", names.join(", "))).collect();
    format!(
        " On {count} of its {} sets it is significantly below another score of the training; the best there: {}.",
        sets.len(),
        named.join(", ")
    )
}
