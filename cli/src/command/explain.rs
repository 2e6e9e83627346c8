//! `oodbench explain`: the page of a score, a procedure or the dump layout.

use clap::Args;

use crate::screen::terminal;
use oodbench::metric::PROCEDURES;
use oodbench::score::ScoreEntry;
use oodbench::score::registry::find;

/// Explain a score (formula, orientation, cost, differences between implementations), or `layout`
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench explain mds
  oodbench explain layout
  oodbench explain lee")]
pub(crate) struct Command {
    /// A score's id or alias, `lee`, `openood`, `id_positive`, or `layout`
    topic: String,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let topic = command.topic.as_str();
    let text = if topic == "layout" {
        include_str!("layout.md").to_owned()
    } else if let Some(procedure) = PROCEDURES.iter().find(|p| p.id == topic) {
        let metrics = procedure
            .metrics
            .iter()
            .map(|m| format!("- `{}`: {}, {:?} is better, {:?} interval\n", m.id, m.title, m.better, m.interval));
        format!("# {}\n\n{}\n\n{}", procedure.id, procedure.title, metrics.collect::<String>())
    } else {
        let entry = find(topic)?;
        let names = if entry.aliases.is_empty() { String::new() } else { format!(" ({})", entry.aliases.join(", ")) };
        format!("# {}{names}\n\n{}{}", entry.id, entry.page, search(entry))
    };
    terminal::print(&text)?;
    Ok(())
}

/// What `--tune` tries of a score.
fn search(entry: &ScoreEntry) -> String {
    let grids = entry.parameters.iter().filter(|parameter| !parameter.grid.is_empty());
    let lines: String = grids.map(|p| format!("- `{}`: {}\n", p.name, p.grid.join(", "))).collect();
    if lines.is_empty() { lines } else { format!("\n## Search\n\nValues that `--tune` tries:\n\n{lines}") }
}
