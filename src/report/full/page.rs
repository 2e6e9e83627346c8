//! The report as a page: what a reader wants first comes first.

use super::content::{Drawn, Extra, Report};
use super::verdict::Verdict;
use super::{card, conventions, verdict};
use crate::report::html::{Page, Part, Section};
use crate::report::overview::caption;
use crate::table::{Overview, remark};

/// The page of a report.
pub(super) fn of(report: &Report, tables: &[Overview], verdict: Verdict) -> Page {
    let headline = verdict::headline(tables);
    let figure = |plot: &Drawn| Part::Figure { svg: plot.svg.clone(), caption: plot.caption.clone() };
    let differences = report.critical_differences.iter().map(figure).collect();
    let all = [
        ("Verdict", list(verdict.further)),
        ("Results", results(tables, &headline)),
        ("Critical differences", differences),
        ("Runs", card::all(report, &headline)),
        ("Accuracy", conventions::accuracy(report)),
        ("Ties, precision, warnings", [conventions::ties(report), list(remark::lines(&report.warnings))].concat()),
        ("Conventions", conventions::conventions(report)),
        ("Left out, and other notes", list([report.left_out.clone(), remark::lines(&report.notes)].concat())),
        ("Provenance", conventions::provenance(report)),
    ];
    let sections = all.into_iter().filter(|(_, parts)| !parts.is_empty());
    let mut sections: Vec<Section> =
        sections.map(|(heading, parts)| Section { heading: heading.to_owned(), parts }).collect();
    let place = sections.iter().position(|section| section.heading == "Runs").unwrap_or(sections.len());
    sections.splice(place..place, report.extra.iter().map(extra));
    Page { title: "Out-of-distribution detection: report".to_owned(), lead: verdict.first.join(" "), sections }
}

/// The tables that the verdict is by, then the others to be opened.
fn results(tables: &[Overview], headline: &[&Overview]) -> Vec<Part> {
    let is_first = |table: &&Overview| headline.iter().any(|one| std::ptr::eq(*one, *table));
    let first = headline.iter().map(|table| Part::Overview((*table).clone()));
    let others = tables.iter().filter(|table| !is_first(table));
    let opened =
        |table: &Overview| Part::Details { summary: caption(table), parts: vec![Part::Overview(table.clone())] };
    first.chain(others.map(opened)).collect()
}

fn extra(table: &Extra) -> Section {
    let (headings, rows) = (table.headings.clone(), table.rows.clone());
    let parts = vec![Part::Table { names: table.names, headings, rows }, Part::List(table.notes.clone())];
    Section { heading: table.heading.clone(), parts }
}

fn list(lines: Vec<String>) -> Vec<Part> {
    if lines.is_empty() { Vec::new() } else { vec![Part::List(lines)] }
}
