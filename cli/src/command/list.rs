//! `oodbench list`: all scores.

use clap::Args;
use serde::Serialize;

use crate::option::format::Printed;
use crate::screen::terminal;
use oodbench::report::grid::Grid;
use oodbench::report::{self, Format};
use oodbench::score::REGISTRY;

/// List the scores: id, title, what each needs and takes for granted, reference
#[derive(Args)]
pub(crate) struct Command {
    #[command(flatten)]
    printed: Printed,
}

#[derive(Serialize)]
struct Line {
    id: &'static str,
    title: &'static str,
    aliases: &'static [&'static str],
    needs: Vec<String>,
    assumes: Vec<String>,
    parameters: Vec<Parameter>,
    reference: &'static str,
}

#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    default: &'static str,
    help: &'static str,
    grid: &'static [&'static str],
}

/// A line as one row of text; what a score has several of is separated by blanks.
#[derive(Serialize)]
struct Flat {
    id: &'static str,
    title: &'static str,
    aliases: String,
    needs: String,
    assumes: String,
    parameters: String,
    reference: &'static str,
}

impl Flat {
    fn of(line: &Line) -> Self {
        let parameters = line.parameters.iter().map(|parameter| format!("{}={}", parameter.name, parameter.default));
        Self {
            id: line.id,
            title: line.title,
            aliases: line.aliases.join(" "),
            needs: line.needs.join(", "),
            assumes: line.assumes.join(", "),
            parameters: parameters.collect::<Vec<_>>().join(" "),
            reference: line.reference,
        }
    }
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let lines: Vec<Line> = REGISTRY
        .iter()
        .map(|entry| Line {
            id: entry.id,
            title: entry.title,
            aliases: entry.aliases,
            needs: entry.with_defaults().needs().iter().map(ToString::to_string).collect(),
            assumes: entry.assumes.iter().map(ToString::to_string).collect(),
            parameters: entry
                .parameters
                .iter()
                .map(|p| Parameter { name: p.name, default: p.default, help: p.help, grid: p.grid })
                .collect(),
            reference: entry.reference,
        })
        .collect();
    let text = match command.printed.format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&lines)?),
        Format::Csv => String::from_utf8(report::csv::rows(&lines.iter().map(Flat::of).collect::<Vec<_>>())?)?,
        Format::Markdown => markdown(&lines),
        Format::Table => table(&lines),
    };
    terminal::print(&text)?;
    Ok(())
}

fn markdown(lines: &[Line]) -> String {
    let row = |l: &Line| {
        format!("| `{}` | {} | {} | {} | {} |\n", l.id, l.title, l.needs.join(", "), l.assumes.join(", "), l.reference)
    };
    let rows: String = lines.iter().map(row).collect();
    format!("| id | score | needs | takes for granted | reference |\n|---|---|---|---|---|\n{rows}")
}

fn table(lines: &[Line]) -> String {
    let mut grid = Grid::of_text(2, &["id", "score", "needs", "takes for granted", "reference"]);
    for line in lines {
        grid.row([line.id, line.title, &line.needs.join(", "), &line.assumes.join(", "), line.reference]);
    }
    grid.render(terminal::style())
}
