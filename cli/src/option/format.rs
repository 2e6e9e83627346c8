//! `--format`, the same for every command that prints a table: from the library's list.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use crate::screen::terminal;
use oodbench::report::grid::{Grid, Style};
use oodbench::report::{Format, csv, json};

/// What to print.
#[derive(Args)]
pub(crate) struct Printed {
    /// What to print
    #[arg(long, value_parser = parser(), default_value = Format::ALL[0].id())]
    pub(crate) format: Format,
}

impl Printed {
    /// Prints rows as data, or the table of them; `table` draws what stands on a terminal.
    pub(crate) fn print<T: Serialize>(
        &self,
        rows: &[T],
        grid: &Grid,
        table: impl FnOnce(Style) -> String,
    ) -> anyhow::Result<()> {
        self.print_texts(rows, table, || grid.markdown())
    }

    /// What [`Printed::print`] prints.
    pub(crate) fn text<T: Serialize>(
        &self,
        rows: &[T],
        grid: &Grid,
        table: impl FnOnce(Style) -> String,
    ) -> anyhow::Result<String> {
        self.of_texts(rows, table, || grid.markdown())
    }

    fn of_texts<T: Serialize>(
        &self,
        rows: &[T],
        table: impl FnOnce(Style) -> String,
        markdown: impl FnOnce() -> String,
    ) -> anyhow::Result<String> {
        Ok(match self.format {
            Format::Table => table(terminal::style()),
            Format::Json => json::rows(rows)?,
            Format::Csv => String::from_utf8(csv::rows(rows)?)?,
            Format::Markdown => markdown(),
        })
    }

    /// Prints rows as data, or a text of them: `table` what stands on a terminal, `markdown` the same for a page.
    pub(crate) fn print_texts<T: Serialize>(
        &self,
        rows: &[T],
        table: impl FnOnce(Style) -> String,
        markdown: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        let text = self.of_texts(rows, table, markdown)?;
        if self.format.is_data() {
            terminal::print_data(&text)?
        } else {
            terminal::print(&text)?
        }
        Ok(())
    }

    /// Prints rows as data, or the table of them below what it means.
    pub(crate) fn print_with<T: Serialize>(&self, header: &str, rows: &[T], grid: &Grid) -> anyhow::Result<()> {
        if self.format == Format::Markdown {
            terminal::print(header)?;
        }
        self.print(rows, grid, |style| format!("{header}{}", grid.render(style)))
    }
}

fn parser() -> impl TypedValueParser<Value = Format> {
    let values = Format::ALL.map(|format| PossibleValue::new(format.id()).help(format.help()));
    let find = |name: String| Format::ALL.into_iter().find(|format| format.id() == name);
    PossibleValuesParser::new(values).try_map(move |name| find(name).ok_or("expected a format of this list"))
}
