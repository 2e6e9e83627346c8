//! Scores by OOD sets, one metric a table: the same cells as LaTeX, Markdown and HTML.

pub mod board;
pub mod html;
pub mod latex;
pub mod markdown;

use super::{MISSING, interval_around, plain};
use crate::table::comparison::DIGITS;
use crate::table::overview::{IntervalBy, Overview, Value};

/// The texts of a value, in percent.
struct Shown {
    value: String,
    std: Option<String>,
    interval: Option<String>,
}

impl Shown {
    fn of(value: &Value) -> Self {
        let percent = |digits: usize| move |value: f64| plain(format!("{:.digits$}", value * 100.0));
        Self {
            value: value.value.map_or_else(|| MISSING.to_owned(), percent(DIGITS)),
            std: value.value.and(value.std).map(percent(DIGITS)),
            interval: (value.value.zip(value.interval))
                .map(|(value, interval)| interval_around(value, (interval.low, interval.high))),
        }
    }
}

/// What a table is of, in one line.
#[must_use]
pub fn caption(table: &Overview) -> String {
    let of = table.in_distribution.as_ref().map(|set| format!(", in-distribution {set}")).unwrap_or_default();
    format!("{} in percent{of}. {}.", table.metric.title, table.procedure.title)
}

/// What its numbers and marks mean, a sentence each.
#[must_use]
pub fn legend(table: &Overview) -> Vec<String> {
    let has = |is: &dyn Fn(&Value) -> bool| table.lines().any(|(_, line)| line.values.iter().any(is));
    let mut said = Vec::new();
    if has(&|value| value.std.is_some()) {
        said.push("Mean ± standard deviation over seeds (ddof = 1)".to_owned());
    }
    let level = short(table.level * 100.0);
    let kinds = [
        (
            IntervalBy::Seeds,
            format!(
                "Brackets below a mean over seeds: its {level} % interval by Student's t, what other seeds would give on the same rows"
            ),
        ),
        (
            IntervalBy::SeedsAndRows,
            format!(
                "Brackets in columns of single sets: {level} % intervals of the AUROC by seeds and rows, what other seeds would give on other rows"
            ),
        ),
        (
            IntervalBy::Rows,
            format!(
                "Brackets below the AUROC of a single run: its {level} % interval by DeLong's variance, what other rows of the same set would give"
            ),
        ),
        (
            IntervalBy::Draws,
            format!(
                "Brackets below a value of a single run: its {level} % bootstrap interval, what other rows of the same sets would give"
            ),
        ),
    ];
    let is_there = |by: IntervalBy| has(&|value| value.interval.is_some_and(|interval| interval.by == by));
    said.extend(kinds.into_iter().filter(|(by, _)| is_there(*by)).map(|(_, text)| text));
    said.extend(table.ways());
    said
}

/// A level such as 95 or 99.9, without the rounding of its binary number.
fn short(percent: f64) -> String {
    let text = format!("{percent:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The columns in groups that stand side by side: name of the group, if it has one, and number of columns.
fn spans(table: &Overview) -> Vec<(Option<&str>, usize)> {
    let groups = table.columns.iter().map(|column| column.group.as_deref());
    let mut spans: Vec<(Option<&str>, usize)> = Vec::new();
    for group in groups {
        match spans.last_mut() {
            Some((last, count)) if *last == group => *count += 1,
            _ => spans.push((group, 1)),
        }
    }
    spans
}
