//! Comparison tables for the terminal.

use comfy_table::{Attribute, Cell as TextCell, CellAlignment, ContentArrangement, Table, presets};

use super::{MISSING, percent, tied};
use crate::table::{Block, Comparison};

/// How to draw on the terminal at hand.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether bold may be used; else the best are marked with `*`.
    pub bold: bool,
    /// Columns of the terminal, if it is one.
    pub width: Option<u16>,
}

/// The tables of one procedure, under a line that states its conventions.
#[must_use]
pub fn comparisons(title: &str, tables: &[Comparison], style: Style) -> String {
    let mut out = format!("Percent. {title}.\n");
    for table in tables {
        out.push_str(&section(table, &format!("{} vs", table.in_distribution), &table.blocks, style));
        if !table.seed_blocks.is_empty() {
            out.push_str("mean ± standard deviation over seeds (ddof = 1):\n");
            out.push_str(&section(table, "vs", &table.seed_blocks, style));
        }
        for line in &table.missing {
            out.push_str(&format!("{MISSING} {line}\n"));
        }
    }
    out
}

fn section(comparison: &Comparison, first: &str, blocks: &[Block], style: Style) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = style.width {
        table.set_width(width);
    }
    if style.bold {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let headings = [first, "run", "score"].into_iter().chain(comparison.headings.iter().copied()).chain(["tied pairs"]);
    table.set_header(headings.enumerate().map(|(i, text)| {
        let cell = TextCell::new(text);
        let cell = if i > 2 { cell.set_alignment(CellAlignment::Right) } else { cell };
        if style.bold { cell.add_attribute(Attribute::Bold) } else { cell }
    }));
    for (number, block) in blocks.iter().enumerate() {
        if number > 0 {
            table.add_row([""]);
        }
        for (i, row) in block.rows.iter().enumerate() {
            let mut cells = vec![
                TextCell::new(if i == 0 { &block.label } else { "" }),
                TextCell::new(&row.run),
                TextCell::new(&row.score),
            ];
            for cell in &row.cells {
                let text = percent(cell);
                let cell = match (cell.best, style.bold) {
                    (true, true) => TextCell::new(text).add_attribute(Attribute::Bold),
                    (true, false) => TextCell::new(format!("*{text}")),
                    (false, _) => TextCell::new(text),
                };
                cells.push(cell.set_alignment(CellAlignment::Right));
            }
            cells.push(TextCell::new(tied(row.tied_share)).set_alignment(CellAlignment::Right));
            table.add_row(cells);
        }
    }
    format!("{}\n", table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n"))
}
