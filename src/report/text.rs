//! Comparison tables for the terminal.

use super::grid::{Grid, GridCell};
use super::{MISSING, caution, percent, tied};
use crate::printable;
use crate::table::{Block, Comparison};

pub use super::grid::Style;

/// The tables of one procedure, under a line that states its conventions.
#[must_use]
pub fn comparisons(title: &str, tables: &[Comparison], style: Style) -> String {
    let mut out = format!("Percent. {title}.\n");
    if let Some(caution) = caution(tables) {
        out.push_str(&format!("{caution}.\n"));
    }
    for (number, table) in tables.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        out.push_str(&section(table, &format!("{} vs", table.in_distribution), &table.blocks, style));
        if !table.seed_blocks.is_empty() {
            out.push_str(&format!("\nmean ± standard deviation over seeds (ddof = {}):\n", table.ddof.number()));
            out.push_str(&section(table, "vs", &table.seed_blocks, style));
        }
        for line in &table.missing {
            out.push_str(&format!("{MISSING} {}\n", printable::line(line)));
        }
    }
    out
}

fn section(comparison: &Comparison, first: &str, blocks: &[Block], style: Style) -> String {
    let headings = comparison.headings.iter().copied().chain(["tied pairs"]);
    let mut grid = Grid::of_numbers(&["run", "score"], headings).with_labels(first);
    for block in blocks {
        grid.group(&block.label);
        for row in &block.rows {
            let keys = [GridCell::from(&row.run), GridCell::from(&row.score)];
            let values = row.cells.iter().map(|cell| GridCell::marked(percent(cell), cell.best));
            grid.row(keys.into_iter().chain(values).chain([GridCell::from(tied(row.tied_share))]));
        }
    }
    grid.render(style)
}
