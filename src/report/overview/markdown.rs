//! Overviews as GitHub-flavoured Markdown.

use std::fmt::Write;

use super::{Shown, caption, legend};
use crate::report::grid::{Grid, GridCell};
use crate::report::markdown::escape;
use crate::table::Overview;

/// The table under a heading, then what its marks mean and what is missing.
#[must_use]
pub fn table(table: &Overview) -> String {
    let mut grid =
        Grid::of_numbers(&["training", "score"], table.columns.iter().map(crate::table::overview::Column::name));
    for (training, line) in table.lines() {
        let names = [&training.name, &line.score].map(GridCell::from);
        let values = line.values.iter().map(|value| {
            let Shown { value: number, std, interval } = Shown::of(value);
            let parts = [Some(number), std.map(|std| format!("± {std}")), interval];
            GridCell::marked(parts.into_iter().flatten().collect::<Vec<_>>().join(" "), value.is_marked())
        });
        grid.row(names.into_iter().chain(values));
    }
    let mut out = format!("## {}\n\n{}\n", escape(&caption(table)), grid.markdown());
    // Writing into a String cannot fail.
    for line in legend(table) {
        let _ = writeln!(out, "{}.", escape(&line));
    }
    for (number, line) in table.missing().iter().enumerate() {
        let _ = writeln!(out, "{}- {}", if number == 0 { "\n" } else { "" }, escape(line));
    }
    out
}
