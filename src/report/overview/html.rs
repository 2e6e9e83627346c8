//! Overviews as tables of HTML: sortable by a click where scripts run, complete without.

use std::fmt::Write;

use super::{Shown, caption, legend, spans};
use crate::printable::xml;
use crate::report::html::sortable::SORTABLE;
use crate::table::Overview;
use crate::table::overview::{Column, Value};

/// The table, what its marks mean, what is missing.
pub(in crate::report) fn write(out: &mut String, table: &Overview) {
    // Writing into a String cannot fail.
    let _ = writeln!(out, "<p>{}</p>\n<div class=\"wide\">{SORTABLE}\n<thead>", xml(&caption(table)));
    headings(out, table, &[]);
    out.push_str("<tbody>\n");
    let mut last: Option<&str> = None;
    for (training, line) in table.lines() {
        let again = last == Some(training.name.as_str());
        let row = if last.is_some() && !again { "<tr class=\"block\">" } else { "<tr>" };
        let class = if again { "name again" } else { "name" };
        let _ = write!(out, "{row}<td class=\"{class}\">{}</td><td>{}</td>", xml(&training.name), xml(&line.score));
        table.columns.iter().zip(&line.values).for_each(|(column, value)| cell(out, column, value, value.is_marked()));
        out.push_str("</tr>\n");
        last = Some(&training.name);
    }
    out.push_str("</tbody>\n</table></div>\n");
    for lines in [legend(table), table.missing()] {
        if !lines.is_empty() {
            let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", xml(line))).collect();
            let _ = writeln!(out, "<ul>\n{items}</ul>");
        }
    }
}

/// The lines of headings up to the end of the head; `before` are columns of numbers that come first.
pub(in crate::report) fn headings(out: &mut String, table: &Overview, before: &[&str]) {
    let spans = spans(table);
    if spans.iter().any(|(group, _)| group.is_some()) {
        let _ = write!(out, "<tr><th colspan=\"{}\"></th>", before.len() + 2);
        for (group, count) in spans {
            let _ = write!(out, "<th class=\"group\" colspan=\"{count}\">{}</th>", xml(group.unwrap_or_default()));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("<tr>");
    before.iter().for_each(|name| out.push_str(&format!("<th class=\"n\">{name}</th>")));
    out.push_str("<th>training</th><th>score</th>");
    for column in &table.columns {
        let _ = write!(out, "<th class=\"n\">{}</th>", xml(&column.label));
    }
    out.push_str("</tr></thead>\n");
}

/// A cell; what it is sorted by is not rounded.
pub(in crate::report) fn cell(out: &mut String, column: &Column, value: &Value, is_bold: bool) {
    let class = if column.is_mean { "n mean" } else { "n" };
    let sorted_by = value.value.map(|value| format!(" data-v=\"{}\"", value * 100.0)).unwrap_or_default();
    let why = value.missing.as_ref().filter(|_| value.value.is_none());
    let why = why.map(|why| format!(" title=\"{}\"", xml(why))).unwrap_or_default();
    let Shown { value: number, std, interval } = Shown::of(value);
    let std = std.map(|std| format!(" ± {std}")).unwrap_or_default();
    let number = if is_bold { format!("<b>{number}{std}</b>") } else { format!("{number}{std}") };
    let interval = interval.map(|interval| format!("<small>{interval}</small>")).unwrap_or_default();
    let _ = write!(out, "<td class=\"{class}\"{sorted_by}{why}>{number}{interval}</td>");
}
