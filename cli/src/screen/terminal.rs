//! What the terminal at hand can show.

use std::io::{self, IsTerminal, Write};

use oodbench::report::text::Style;

/// Bold on a terminal unless `NO_COLOR` is set; as wide as the terminal.
pub(crate) fn style() -> Style {
    let terminal = io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = || console_width().filter(|_| terminal);
    Style { bold: terminal && !plain, width: width.or_else(measured) }
}

fn console_width() -> Option<u16> {
    console::Term::stdout().size_checked().map(|(_, columns)| columns)
}

/// Writes to standard output; an error, such as a closed pipe, is handed on.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
