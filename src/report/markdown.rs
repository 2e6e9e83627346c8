//! Comparison tables as GitHub-flavoured Markdown.

use std::fmt::Write;

use super::{MISSING, caution, percent, tied};
use crate::table::{Block, Comparison};

/// The tables of one procedure.
#[must_use]
pub fn comparisons(title: &str, tables: &[Comparison]) -> String {
    let mut out = format!("Percent. {title}.\n");
    if let Some(caution) = caution(tables) {
        let _ = writeln!(out, "{caution}.");
    }
    for table in tables {
        section(&mut out, table, &format!("{} against", escape(&table.in_distribution)), &table.blocks);
        if !table.seed_blocks.is_empty() {
            let first = format!("mean ± std over seeds (ddof = {}), against", table.ddof.number());
            section(&mut out, table, &first, &table.seed_blocks);
        }
        for (i, line) in table.missing.iter().enumerate() {
            let _ = writeln!(out, "{}- {MISSING} {}", if i == 0 { "\n" } else { "" }, escape(line));
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
            let cells = cells.collect::<Vec<_>>().join(" | ");
            let names = [&block.label, &row.run, &row.score].map(|name| escape(name)).join(" | ");
            let _ = writeln!(out, "| {names} | {cells} | {} |", tied(row.tied_share));
        }
    }
}

/// Text for one cell of a table: nothing in it ends the cell or the line, or is HTML or markup.
///
/// ```
/// use oodbench::report::markdown::escape;
/// assert_eq!(escape("max_logit|far\n<b>_x_"), "max_logit\\|far &lt;b&gt;\\_x\\_");
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let is_inner = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let mut before = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // Within a word it is no markup.
            '_' if is_inner(before) && is_inner(letters.peek().copied()) => out.push('_'),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' => out.extend(['\\', letter]),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
        before = Some(letter);
    }
    out
}
