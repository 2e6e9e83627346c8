//! Overviews with ranks, as tables of HTML.

use std::fmt::Write;

use super::caption;
use super::html::{cell, headings};
use crate::printable::xml;
use crate::report::MISSING;
use crate::report::html::sortable::SORTABLE;
use crate::table::Board;
use crate::table::overview::Overview;

/// The table of a board.
pub(in crate::report) fn write(out: &mut String, board: &Board) {
    let table: &Overview = &board.table;
    // Writing into a String cannot fail.
    let _ = writeln!(out, "<p>{}</p>\n<div class=\"wide\">{SORTABLE}\n<thead>", xml(&caption(table)));
    headings(out, table, &["rank", "95 % interval"]);
    out.push_str("<tbody>\n");
    for (training, line, place) in board.lines() {
        let rank = place.map_or_else(
            || "<td class=\"n\">not ranked</td>".to_owned(),
            |place| format!("<td class=\"n\" data-v=\"{0}\">{0}</td>", place.rank),
        );
        let interval = match place.filter(|place| place.is_tested) {
            Some(place) if place.low == place.high => format!("<td class=\"n\" data-v=\"{0}\">{0}</td>", place.low),
            Some(place) => format!("<td class=\"n\" data-v=\"{0}\">{0}–{1}</td>", place.low, place.high),
            None if place.is_some() && training.runs.len() == 1 => "<td class=\"n\">one seed</td>".to_owned(),
            None => format!("<td class=\"n\">{MISSING}</td>"),
        };
        let _ = write!(
            out,
            "<tr>{rank}{interval}<td class=\"name\">{}</td><td>{}</td>",
            xml(&training.name),
            xml(&line.score)
        );
        table.columns.iter().zip(&line.values).for_each(|(column, value)| cell(out, column, value, false));
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
    let missing = table.missing();
    if !missing.is_empty() {
        let items: String = missing.iter().map(|line| format!("<li>{}</li>\n", xml(line))).collect();
        let _ = writeln!(out, "<ul>\n{items}</ul>");
    }
}
