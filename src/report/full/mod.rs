//! The full report: verdict, tables, plots, conventions, where all of it comes from; as one page of HTML, as LaTeX and as Markdown.
//!
//! It is made of records, which may have been read from files. What needs the scores of rows (plots, tests on rows) is made where the dumps are and
//! handed over; where it is not, the report says so.
//!
//! ```
//! use oodbench::report::full::Report;
//! use oodbench::table::Record;
//! let record = |score: &str, value| Record {
//!     run: "a".to_owned(),
//!     ood: "svhn".to_owned(),
//!     score: score.to_owned(),
//!     procedure: "openood".to_owned(),
//!     metric: "auroc".to_owned(),
//!     value: Some(value),
//!     ..Record::default()
//! };
//! let report = Report::of(vec![record("mds", 0.9), record("es", 0.8)]);
//! let found = report.rendered(&report.tables());
//! assert!(found.lead.contains("the best of 2 scores is mds of a (90.00 %)"), "{}", found.lead);
//! assert!(found.latex.contains("mds & \\bfseries 90.00"));
//! ```

mod card;
mod content;
mod conventions;
mod page;
mod verdict;

use super::grid::Grid;
use super::html;
use super::latex::document;
use super::markdown::escape;
use super::overview::{latex, markdown};

use crate::table::Overview;

pub use content::{Drawn, Extra, Report, RunPlots};

/// A report in every format.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The verdict in words: all sets first, then groups, then what to be careful about.
    pub lead: String,
    /// One page of HTML with everything in it.
    pub html: String,
    /// The tables as a LaTeX file.
    pub latex: String,
    /// The tables as Markdown.
    pub markdown: String,
}

/// What is worth drawing: of each training the first run, with so many of its scores at most, the best by the headline metric first.
#[must_use]
pub fn worth_drawing(tables: &[Overview], most: usize) -> Vec<(String, Vec<String>)> {
    verdict::headline(tables).iter().flat_map(|table| verdict::best_of_trainings(table, most)).collect()
}

impl Report {
    /// The report with its [tables](Report::tables), which need only be made once.
    #[must_use]
    pub fn rendered(&self, tables: &[Overview]) -> Rendered {
        let verdict = verdict::of(tables);
        let lead = [&verdict.first[..], &verdict.further].concat().join(" ");
        let of_latex: String = tables.iter().map(latex::table).collect();
        let of_markdown: Vec<String> = tables.iter().map(markdown::table).collect();
        let extra: String = self.extra.iter().map(extra).collect();
        Rendered {
            latex: document(&format!("{}\n{lead}", self.origin()), &of_latex),
            markdown: format!("# Report\n\n{}\n\n{}{extra}", escape(&lead), of_markdown.join("\n")),
            html: html::render(&page::of(self, tables, verdict)),
            lead,
        }
    }
}

/// A further table as Markdown.
fn extra(table: &Extra) -> String {
    let names: Vec<&str> = table.headings.iter().take(table.names).map(String::as_str).collect();
    let mut grid = Grid::of_numbers(&names, table.headings.iter().skip(table.names));
    table.rows.iter().for_each(|row| grid.row(row));
    let notes: String = table.notes.iter().map(|note| format!("- {}\n", escape(note))).collect();
    format!("\n## {}\n\n{}\n{notes}", escape(&table.heading), grid.markdown())
}
