//! The result card of a run.

use std::collections::BTreeMap;

use super::content::{Drawn, Report, RunPlots};
use crate::report::html::Part;
use crate::report::percent;
use crate::table::overview::Column;
use crate::table::provenance::RunProvenance;
use crate::table::{Cell, Overview, Record};

/// A card per run: what it is, its values by the headline metric, its plots.
pub(super) fn all(report: &Report, tables: &[&Overview]) -> Vec<Part> {
    let mut runs: Vec<&Record> = Vec::new();
    for record in &report.records {
        if !runs.iter().any(|other| other.run == record.run) {
            runs.push(record);
        }
    }
    runs.into_iter().map(|run| card(report, tables, run)).collect()
}

fn card(report: &Report, tables: &[&Overview], of: &Record) -> Part {
    let known: Option<&RunProvenance> =
        report.provenance.iter().flat_map(|provenance| &provenance.runs).find(|run| run.run == of.run);
    let fact = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
    let facts = [
        fact("model", of.model.clone()),
        fact("loss", of.loss.clone()),
        fact("seed", of.seed.map(|seed| seed.to_string())),
        fact("in-distribution", of.in_distribution.clone()),
        fact("accuracy", known.and_then(|run| run.accuracy).map(|share| format!("{:.2} %", share * 100.0))),
        fact("ID test rows", known.map(|run| run.id_rows.to_string())),
        fact("id/test (XXH3)", of.data.clone()),
        fact(
            "left out",
            known.filter(|run| !run.left_out.is_empty()).map(|run| {
                run.left_out.iter().map(|(score, why)| format!("{score}: {why}")).collect::<Vec<_>>().join("; ")
            }),
        ),
    ];
    let mut parts = vec![Part::Facts(facts.into_iter().flatten().collect())];
    parts.extend(values(report, tables, of));
    if let Some(RunPlots { plots, .. }) = report.plots.iter().find(|plots| plots.run == of.run) {
        let figure = |plot: &Drawn| Part::Figure { svg: plot.svg.clone(), caption: plot.caption.clone() };
        let (wide, others): (Vec<&Drawn>, Vec<&Drawn>) = plots.iter().partition(|plot| plot.is_wide);
        parts.extend(wide.into_iter().map(figure));
        parts.push(Part::Plots(others.into_iter().map(figure).collect()));
    }
    Part::Details { summary: of.run.clone(), parts }
}

/// The values of the run by the headline metric.
fn values(report: &Report, tables: &[&Overview], of: &Record) -> Option<Part> {
    let table = tables.iter().find(|table| table.trainings.iter().any(|training| training.runs.contains(&of.run)))?;
    let columns: Vec<String> = table.columns.iter().filter(|column| !column.is_mean).map(Column::name).collect();
    let mut scores: Vec<&str> = Vec::new();
    let mut own: BTreeMap<(&str, String), &Record> = BTreeMap::new();
    for record in &report.records {
        if (&record.run, record.procedure.as_str(), record.metric.as_str())
            == (&of.run, table.procedure.id, table.metric.id)
        {
            if !scores.contains(&record.score.as_str()) {
                scores.push(&record.score);
            }
            own.entry((&record.score, record.set())).or_insert(record);
        }
    }
    let row = |score: &str| {
        let cell = |column: &String| {
            let cell = own.get(&(score, column.clone())).map_or_else(Cell::default, |record| Cell {
                value: record.value,
                interval: record.low.zip(record.high),
                ..Cell::default()
            });
            percent(&cell)
        };
        std::iter::once(score.to_owned()).chain(columns.iter().map(cell)).collect()
    };
    let rows = scores.into_iter().map(row).collect();
    let headings = std::iter::once(format!("{} (%)", table.metric.title)).chain(columns.iter().cloned()).collect();
    Some(Part::Table { names: 1, headings, rows })
}
