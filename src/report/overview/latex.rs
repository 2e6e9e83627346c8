//! Overviews as LaTeX: booktabs' rules, siunitx' columns, mean and standard deviation in two columns with ± between, intervals below.

use std::fmt::Write;
use std::ops::Range;

use super::{Shown, caption, legend, spans};
use crate::report::latex::escape;
use crate::table::Overview;
use crate::table::comparison::DIGITS;
use crate::table::overview::Value;

/// More columns than this go into a further table.
const MOST_COLUMNS: usize = 9;

/// Lines of scores that fit a page; more go into a further table.
const MOST_LINES: usize = 22;

/// The tables of an overview: one, or several where it is too wide or too long for a page.
#[must_use]
pub fn table(table: &Overview) -> String {
    let columns = chunks(table.columns.len(), MOST_COLUMNS);
    let lines = chunks(table.lines().count(), MOST_LINES);
    let mut out = String::new();
    for columns in &columns {
        for lines in &lines {
            one(&mut out, table, columns.clone(), lines.clone());
        }
    }
    // What is missing is said where its dash stands.
    for line in table.missing() {
        let _ = writeln!(out, "% missing: {}", escape(&line));
    }
    out
}

fn chunks(count: usize, most: usize) -> Vec<Range<usize>> {
    let parts = count.div_ceil(most).max(1);
    // Parts of like size: not nine columns and one.
    let size = count.div_ceil(parts).max(1);
    (0..parts).map(|part| part * size..((part + 1) * size).min(count)).filter(|part| !part.is_empty()).collect()
}

fn one(out: &mut String, table: &Overview, columns: Range<usize>, lines: Range<usize>) {
    let values = |column: usize| table.lines().map(move |(_, line)| &line.values[column]);
    let has_std = |column: usize| values(column).any(|value| value.value.and(value.std).is_some());
    let width = |column: usize| 1 + usize::from(has_std(column));
    let kind = |column: usize| {
        let value = number_column(values(column).map(|value| Shown::of(value).value));
        if !has_std(column) {
            return value;
        }
        format!("{value}@{{\\,$\\pm$\\,}}{}", number_column(values(column).filter_map(|value| Shown::of(value).std)))
    };
    let kinds: Vec<String> = columns.clone().map(kind).collect();
    let sentences = std::iter::once(caption(table)).chain(legend(table).into_iter().map(|line| format!("{line}.")));
    let caption: Vec<String> = sentences.map(|line| escape(&line)).collect();
    // Writing into a String cannot fail.
    let _ = writeln!(
        out,
        "\\begin{{table}}\n\\centering\\footnotesize\n\\caption{{{}}}\n\\begin{{tabular}}{{ll {}}}\n\\toprule",
        caption.join(" "),
        kinds.join(" ")
    );
    headings(out, table, &columns, width);
    let mut last = None;
    for (training, line) in table.lines().skip(lines.start).take(lines.len()) {
        let name = if last == Some(&training.name) { String::new() } else { escape(&training.name) };
        if last.is_some_and(|last| *last != training.name) {
            out.push_str("\\midrule\n");
        }
        last = Some(&training.name);
        let cells = columns.clone().map(|column| cell(&line.values[column], width(column)));
        let _ = writeln!(out, "{name} & {} & {} \\\\", escape(&line.score), cells.collect::<Vec<_>>().join(" & "));
        if columns.clone().any(|column| line.values[column].interval.is_some()) {
            let cells = columns.clone().map(|column| interval(&line.values[column], width(column)));
            let _ = writeln!(out, " & & {} \\\\", cells.collect::<Vec<_>>().join(" & "));
        }
    }
    // LaTeX keeps some dozens of floats waiting and fails at more.
    out.push_str("\\bottomrule\n\\end{tabular}\n\\end{table}\n\\clearpage\n\n");
}

/// A column for numbers as long as these.
fn number_column(shown: impl Iterator<Item = String>) -> String {
    let shown: Vec<String> = shown.filter(|number| number.contains('.')).collect();
    let digits = shown.iter().filter_map(|number| number.trim_start_matches('-').find('.')).max().unwrap_or(1);
    let sign = if shown.iter().any(|number| number.starts_with('-')) { "-" } else { "" };
    format!("S[table-format={sign}{digits}.{DIGITS}]")
}

fn headings(out: &mut String, table: &Overview, columns: &Range<usize>, width: impl Fn(usize) -> usize) {
    let mut groups = Vec::new();
    let mut rules = String::new();
    let (mut column, mut place) = (0, 3);
    for (group, count) in spans(table) {
        let own = (column..column + count).filter(|column| columns.contains(column));
        let wide: usize = own.map(&width).sum();
        column += count;
        if wide == 0 {
            continue;
        }
        match group {
            Some(group) => {
                groups.push(format!("\\multicolumn{{{wide}}}{{c}}{{{}}}", escape(group)));
                let _ = write!(rules, "\\cmidrule(lr){{{place}-{}}}", place + wide - 1);
            }
            None => groups.push(format!("\\multicolumn{{{wide}}}{{c}}{{}}")),
        }
        place += wide;
    }
    if !rules.is_empty() {
        let _ = writeln!(out, " & & {} \\\\\n{rules}", groups.join(" & "));
    }
    let names = columns.clone().map(|column| spanning(&escape(&table.columns[column].label), width(column)));
    let _ = writeln!(out, "training & score & {} \\\\\n\\midrule", names.collect::<Vec<_>>().join(" & "));
}

/// Text over all columns of a value.
fn spanning(text: &str, width: usize) -> String {
    if width == 1 { format!("{{{text}}}") } else { format!("\\multicolumn{{{width}}}{{c}}{{{text}}}") }
}

fn cell(value: &Value, width: usize) -> String {
    let shown = Shown::of(value);
    if value.value.is_none() {
        return spanning("--", width);
    }
    let bold = if value.is_marked() { "\\bfseries " } else { "" };
    match (width, shown.std) {
        (1, _) => format!("{bold}{}", shown.value),
        (_, Some(std)) => format!("{bold}{} & {bold}{std}", shown.value),
        // Without a standard deviation no ± may stand there.
        (_, None) => spanning(&format!("{bold}{}", shown.value), width),
    }
}

fn interval(value: &Value, width: usize) -> String {
    Shown::of(value)
        .interval
        .map_or_else(|| spanning("", width), |text| spanning(&format!("\\scriptsize {text}"), width))
}
