//! `--format`, the same for every command that prints a table: from the library's list.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use oodbench::report::Format;

/// What to print.
#[derive(Args)]
pub(crate) struct Printed {
    /// What to print
    #[arg(long, value_parser = parser(), default_value = Format::ALL[0].id())]
    pub(crate) format: Format,
}

fn parser() -> impl TypedValueParser<Value = Format> {
    let values = Format::ALL.map(|format| PossibleValue::new(format.id()).help(format.help()));
    let find = |name: String| Format::ALL.into_iter().find(|format| format.id() == name);
    PossibleValuesParser::new(values).try_map(move |name| find(name).ok_or("expected a format of this list"))
}
