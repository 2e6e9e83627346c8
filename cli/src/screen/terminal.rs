//! What this terminal can show.

use std::io::{self, IsTerminal, Write};

use oodbench::printable::{line, lines};
use oodbench::report::grid::Style;

/// Bold on a terminal unless `NO_COLOR` is set; as wide as the terminal.
pub(crate) fn style() -> Style {
    let terminal = io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = columns(std::env::var("COLUMNS").ok());
    let measured = || console_width().filter(|_| terminal);
    Style { bold: terminal && !plain, width: width.or_else(measured) }
}

/// What `COLUMNS` says; 0 is no width.
fn columns(text: Option<String>) -> Option<u16> {
    text.and_then(|columns| columns.parse().ok()).filter(|&width| width > 0)
}

/// Some terminals, such as those of containers and of continuous integration, say that they are 0 columns wide.
fn console_width() -> Option<u16> {
    console::Term::stdout().size_checked().map(|(_, columns)| columns).filter(|&width| width > 0)
}

/// Writes text for reading to standard output; an error, such as a closed pipe, is handed on.
///
/// Whatever a run or a set is called, it moves no cursor: of what is not printable, line breaks, tabs and the codes for bold go through.
pub(crate) fn print(text: &str) -> io::Result<()> {
    write(&BOLD.iter().fold(lines(text).into_owned(), |text, code| text.replace(&*lines(code), code)))
}

/// Writes text for programs to standard output: to a file or a pipe as it is, to a terminal as [`print()`].
pub(crate) fn print_data(text: &str) -> io::Result<()> {
    if io::stdout().is_terminal() { print(text) } else { write(text) }
}

/// The codes that begin and end bold.
const BOLD: [&str; 2] = ["\u{1b}[1m", "\u{1b}[0m"];

/// Writes to standard output as it is.
pub(crate) fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Whether a reader of what is printed has gone.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}

/// Says something in one line on standard error; nobody may be listening.
pub(crate) fn say(text: &str) {
    // Parsers draw the place of an error below it.
    let one_line = match text.contains('\n') {
        true => text.split_whitespace().collect::<Vec<_>>().join(" "),
        false => text.to_owned(),
    };
    let _ = writeln!(io::stderr(), "{}", line(&one_line));
}

/// Says lines on standard error.
pub(crate) fn say_lines(text: &str) {
    let _ = write!(io::stderr(), "{}", lines(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_columns_are_unknown() {
        assert_eq!(
            [Some("80"), Some("0"), Some("wide"), None].map(|text| columns(text.map(str::to_owned))),
            [Some(80), None, None, None]
        );
    }
}
