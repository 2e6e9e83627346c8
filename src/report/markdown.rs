//! Comparison tables as GitHub-flavoured Markdown.

use std::fmt::Write;

use super::{caution, percent, tied};
use crate::printable;
use crate::table::{Block, Comparison};

/// The tables of one procedure.
#[must_use]
pub fn comparisons(title: &str, tables: &[Comparison]) -> String {
    let mut out = format!("Percent. {title}.\n");
    if let Some(caution) = caution(tables) {
        let _ = writeln!(out, "{caution}.");
    }
    for table in tables {
        section(&mut out, table, &format!("{} against", printable::markdown(&table.in_distribution)), &table.blocks);
        if !table.seed_blocks.is_empty() {
            section(&mut out, table, "mean ± std over seeds (ddof = 1), against", &table.seed_blocks);
        }
    }
    out
}

fn section(out: &mut String, table: &Comparison, first: &str, blocks: &[Block]) {
    let heading = table.headings.join(" | ");
    // Writing into a String cannot fail.
    let _ = writeln!(out, "\n| {first} | run | score | {heading} | tied pairs |");
    let _ = writeln!(out, "|---|---|---|{}---:|", "---:|".repeat(table.headings.len()));
    for block in blocks {
        for row in &block.rows {
            let cells = row.cells.iter().map(|cell| {
                let text = percent(cell);
                if cell.best { format!("**{text}**") } else { text }
            });
            let (label, run) = (printable::markdown(&block.label), printable::markdown(&row.run));
            let cells = cells.collect::<Vec<_>>().join(" | ");
            let _ = writeln!(out, "| {label} | {run} | {} | {cells} | {} |", row.score, tied(row.tied_share));
        }
    }
}
