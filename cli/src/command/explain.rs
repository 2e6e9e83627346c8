//! `oodbench explain`: the page of a score, a composition, a procedure, another measurement, the dump layout or the detector.

use clap::Args;

use crate::option::complete;
use crate::screen::terminal;
use oodbench::metric::registry::find as find_procedure;
use oodbench::metric::reliability::PAGES;
use oodbench::metric::{Better, PROCEDURES, Procedure};
use oodbench::score::ScoreEntry;
use oodbench::score::registry::find;
use oodbench::stats::bootstrap::Method;

/// Explain a score or a procedure (formula, conventions, cost, differences between implementations), `composition`, `layout` or `detector`
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench explain mds
  oodbench explain 'react+dice'
  oodbench explain composition
  oodbench explain layout
  oodbench explain detector
  oodbench explain lee")]
pub(crate) struct Command {
    #[arg(help = help(), add = complete::topics())]
    topic: String,
}

fn help() -> String {
    let procedures: Vec<&str> = PROCEDURES.iter().map(|procedure| procedure.id).collect();
    let measurements: Vec<&str> = PAGES.iter().map(|(name, _)| *name).collect();
    format!(
        "A score's id or alias, a procedure ({}), what `reliability` shows ({}), composition, layout or detector",
        procedures.join(", "),
        measurements.join(", ")
    )
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let topic = command.topic.as_str();
    let text = if topic == "layout" {
        include_str!("layout.md").to_owned()
    } else if topic == "detector" {
        format!("# detector\n\n{}", oodbench::detector::PAGE)
    } else if topic == "composition" {
        format!("# composition\n\n{}", oodbench::score::composed::page())
    } else if let Some((name, page)) = PAGES.iter().find(|(name, _)| *name == topic) {
        format!("# {name}\n\n{page}")
    } else if let Some(procedure) = find_procedure(topic) {
        format!("# {}\n\n{}{}", procedure.id, procedure.page, metrics(procedure))
    } else {
        let entry = find(topic)?;
        let names = if entry.aliases.is_empty() { String::new() } else { format!(" ({})", entry.aliases.join(", ")) };
        format!("# {}{names}\n\n{}{}", entry.id, entry.page, search(entry))
    };
    terminal::print(&text)?;
    Ok(())
}

/// The metrics of a procedure, by their names in records.
fn metrics(procedure: &Procedure) -> String {
    let lines = procedure.metrics.iter().map(|metric| {
        let better = match metric.better {
            Better::Higher => "higher",
            Better::Lower => "lower",
        };
        let interval = match metric.interval {
            Some(Method::Percentile) => "percentile interval with --bootstrap",
            Some(Method::BiasCorrected) => "bias-corrected interval with --bootstrap",
            None => "no interval",
        };
        format!("- `{}`: {}, {better} is better; {interval}\n", metric.id, metric.title)
    });
    format!("\n## Metrics\n\nNames in records, headings in tables:\n\n{}", lines.collect::<String>())
}

/// What `--tune` tries of a score.
fn search(entry: &ScoreEntry) -> String {
    let grids = entry.parameters.iter().filter(|parameter| !parameter.grid.is_empty());
    let lines: String = grids.map(|p| format!("- `{}`: {}\n", p.name, p.grid.join(", "))).collect();
    if lines.is_empty() { lines } else { format!("\n## Search\n\nValues that `--tune` tries:\n\n{lines}") }
}
