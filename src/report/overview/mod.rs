//! Scores by OOD sets, one metric a table: the same cells as LaTeX, Markdown and HTML.

pub mod board;
pub mod html;
pub mod latex;
pub mod markdown;

use super::{MISSING, plain};
use crate::table::comparison::DIGITS;
use crate::table::overview::{LEVEL, Overview, Value};

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
            // One digit less: what is uncertain by whole points needs no hundredths.
            interval: value.value.and(value.interval).map(|(low, high)| {
                let end = percent(DIGITS - 1);
                format!("[{}, {}]", end(low), end(high))
            }),
        }
    }
}

/// What a table is of, in one line.
#[must_use]
pub fn caption(table: &Overview) -> String {
    format!("{} in percent, in-distribution {}. {}.", table.metric.title, table.in_distribution, table.procedure.title)
}

/// What its numbers and marks mean, a sentence each.
#[must_use]
pub fn legend(table: &Overview) -> Vec<String> {
    let has = |is: &dyn Fn(&Value) -> bool, several: bool| {
        let own = table.lines().filter(|(training, _)| (training.runs.len() > 1) == several);
        own.into_iter().any(|(_, line)| line.values.iter().any(is))
    };
    let mut said = Vec::new();
    if has(&|value| value.std.is_some(), true) {
        said.push("Mean ± standard deviation over seeds (ddof = 1)".to_owned());
    }
    let level = LEVEL * 100.0;
    if has(&|value| value.interval.is_some() && !value.counts_rows, true) {
        said.push(format!(
            "Brackets below a mean over seeds: its {level:.0} % interval by Student's t, what other seeds would give on the same rows"
        ));
    }
    if has(&|value| value.interval.is_some() && value.counts_rows, true) {
        said.push(format!(
            "Brackets in columns of single sets: {level:.0} % intervals of the AUROC by seeds and rows, what other seeds would give on other rows"
        ));
    }
    if has(&|value| value.interval.is_some() && value.counts_rows, false) {
        said.push(format!(
            "Brackets below the AUROC of a single run: its {level:.0} % interval by DeLong's variance, what other rows of the same set would give"
        ));
    }
    if has(&|value| value.interval.is_some() && !value.counts_rows, false) {
        said.push(
            "Brackets below a value of a single run: its bootstrap interval, what other rows of the same sets would give"
                .to_owned(),
        );
    }
    said.extend(table.ways());
    said
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
