//! Values of procedures, in any format.

use oodbench::metric::Procedure;
use oodbench::report::{self, Format};
use oodbench::stats::spread::Ddof;
use oodbench::table::{Comparison, Record, Results, RunSummary, Shifted, with_means};

use super::terminal;

/// Prints the values of some procedures, with means; what stands above tables is said by `head`.
pub(crate) fn print(
    (format, ddof): (Format, Ddof),
    results: &Results,
    procedures: &[&'static Procedure],
    head: &str,
) -> anyhow::Result<()> {
    let records = || {
        let is_shown = |record: &Record| procedures.iter().any(|procedure| procedure.id == record.procedure);
        with_means(&results.records).into_iter().filter(is_shown).collect::<Vec<Record>>()
    };
    let tables = |draw: &dyn Fn(&Procedure, &[Comparison]) -> String| {
        let drawn = procedures.iter().map(|procedure| {
            let tables: Vec<Comparison> =
                Comparison::all(results, procedure).into_iter().map(|table| table.with_ddof(ddof)).collect();
            draw(procedure, &tables)
        });
        let drawn: Vec<String> = drawn.collect();
        if head.is_empty() { drawn.join("\n") } else { format!("{head}\n{}", drawn.join("\n")) }
    };
    match format {
        Format::Json => terminal::print_data(&report::json::rows(&records())?)?,
        Format::Csv => terminal::print_data(&String::from_utf8(oodbench::table::csv::write(&records())?)?)?,
        Format::Markdown => terminal::print(&tables(&|p, t| report::markdown::comparisons(p.title, t)))?,
        Format::Table => {
            let style = terminal::style();
            terminal::print(&tables(&|p, t| report::text::comparisons(p.title, t, style)))?;
        }
    }
    Ok(())
}

/// What is known of a set under a covariate shift, behind what is known of id/test.
fn shifted(set: &Shifted) -> String {
    let accuracy = set.accuracy.map_or_else(|| "unknown".to_owned(), |a| format!("{:.2} %", a * 100.0));
    format!("; {accuracy} on {} of csid/{}", set.rows, set.name)
}

/// What stands where an accuracy would.
const UNKNOWN: &str = "accuracy unknown (it takes labels, and a score that reads logits)";

/// One line per run: what it is and how well it classifies.
pub(crate) fn accuracies(results: &Results) -> String {
    let line = |run: &RunSummary| {
        let info = &run.info;
        let loss = info.loss.as_ref().map(ToString::to_string);
        let facts = [info.model.clone(), loss, info.seed.map(|seed| format!("seed {seed}"))];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
        let accuracy = run.accuracy.map_or_else(|| UNKNOWN.to_owned(), |a| format!("accuracy {:.2} %", a * 100.0));
        let shifted: String = run.shifted.iter().map(shifted).collect();
        format!("{}{facts}: {accuracy} on {} ID test rows{shifted}\n", info.name, run.id_rows)
    };
    results.runs.iter().map(line).collect()
}
