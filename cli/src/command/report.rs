//! `oodbench report`: everything there is to say of some runs, for a paper and for a browser.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};

use crate::option::choice::{FitOrParameters, ScoreNames};
use crate::option::command_line;
use crate::option::common::Common;
use crate::option::intervals::Intervals;
use crate::option::procedure::{self, ProcedureName};
use crate::option::sources::{FoundEach, Sources, is_wanted};
use crate::paper::compared;
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal};
use oodbench::dump::layout::RunFiles;
use oodbench::eval::{Measures, Plan, full_report};
use oodbench::metric::Procedure;
use oodbench::metric::registry::usual;
use oodbench::output::OutputSet;
use oodbench::report::full::Report;
use oodbench::stats::bootstrap::Bootstrap;
use oodbench::table::files::{Apart, FileRecords, together};
use oodbench::table::provenance::Provenance;
use oodbench::table::{Overview, Record, Remark};

/// Write a report: one page of HTML, the tables as LaTeX and as Markdown, with intervals and which scores may be the best
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench report dumps/ --score mds,es,mps
  oodbench report dumps/ --bootstrap 1000 --out report      intervals of single runs, too
  oodbench score dumps/ --score all --out out && oodbench report out --out report
  oodbench report out --paper                               beside the published values of Tables 2 to 6
  oodbench report machine-a/records.csv machine-b/records.csv --procedure openood

Writes index.html, tables.tex (booktabs, siunitx; compiles as it is) and tables.md. In bold: the best score of each training and those not
significantly worse. Seeds are those runs that name one model and loss in run.toml. What needs the scores of rows is left out where only records
are given, and the report says so.")]
pub(crate) struct Command {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    names: ScoreNames,
    #[command(flatten)]
    fitted: FitOrParameters,
    /// Procedures to report, comma-separated or all [default: the first three; of records all that there are]
    #[arg(long, value_name = "PROCEDURES", value_delimiter = ',', value_parser = procedure::parser())]
    procedure: Vec<ProcedureName>,
    #[command(flatten)]
    intervals: Intervals,
    /// Lay the values out as Tables 2 to 6 of the paper, beside the published ones
    #[arg(long)]
    paper: bool,
    /// Folder for index.html, tables.tex and tables.md
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "report")]
    out: PathBuf,
}

const PAGE: &str = "index.html";
const LATEX: &str = "tables.tex";
const MARKDOWN: &str = "tables.md";

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let writing = || format!("{}: cannot be written", command.out.display());
    let bootstrap = command.intervals.bootstrap()?;
    let source = command.sources.find_each(common.quiet)?;
    let set = OutputSet::begin(&command.out, &[PAGE, LATEX, MARKDOWN]).with_context(writing)?;
    let (mut report, tables) = match source {
        FoundEach::Runs(runs) => of_dumps(command, &runs, bootstrap, common)?,
        FoundEach::Records(files) => of_records(command, files, common)?,
    };
    report.command = Some(command_line::typed());
    full_report::draw_differences(&mut report)?;
    if command.paper {
        report.extra = compared::tables(&report.records, &report.provenance)?;
    }
    let rendered = report.rendered(&tables);
    set.write(PAGE, rendered.html.as_bytes()).with_context(writing)?;
    set.write(LATEX, rendered.latex.as_bytes()).with_context(writing)?;
    set.write(MARKDOWN, rendered.markdown.as_bytes()).with_context(writing)?;
    let written = set.commit().with_context(writing)?;
    terminal::print(&format!("{}\n", rendered.lead))?;
    if !common.quiet {
        terminal::say(&format!("wrote to {}: {}", command.out.display(), written.join(", ")));
    }
    Ok(())
}

/// The procedures asked for; none if all are to be taken that there are.
fn asked(command: &Command) -> Vec<&'static Procedure> {
    procedure::named(&command.procedure)
}

fn of_records(
    command: &Command,
    mut files: Vec<FileRecords>,
    common: &Common,
) -> anyhow::Result<(Report, Vec<Overview>)> {
    let procedures = asked(command);
    let is_shown = |record: &Record| {
        let is_asked = procedures.is_empty() || procedures.iter().any(|one| one.id == record.procedure);
        record.mean_over.is_none() && is_asked && is_wanted(record, &command.names)
    };
    files.iter_mut().for_each(|file| file.records.retain(is_shown));
    let (records, apart) = together(&files, Apart::OtherParameters);
    if records.is_empty() {
        bail!(
            "{}: found no record of a single run of these scores and procedures, expected some; leave out --score and --procedure",
            command.sources.shown()
        );
    }
    let mut report = Report {
        provenance: command.sources.provenance()?,
        left_out: vec![
            "Plots, and tests over rows: they need the scores of rows, and records hold values. Name the dumps to have them.".to_owned(),
        ],
        ..Report::of(records)
    };
    report.warnings.splice(0..0, apart.into_iter().map(Remark::of_all));
    remarks::warn(&report.warnings, common);
    let tables = report.tables();
    Ok((report, tables))
}

fn of_dumps(
    command: &Command,
    runs: &[RunFiles],
    bootstrap: Option<Bootstrap>,
    common: &Common,
) -> anyhow::Result<(Report, Vec<Overview>)> {
    let mut selection = command.fitted.selection(&command.names.scores)?;
    selection.add_own(runs);
    let progress = Bars::new(common.quiet);
    let mut plans = Plan::each(runs.iter().map(|files| (files, &selection)), &progress)?;
    let procedures = match asked(command) {
        none if none.is_empty() => usual().iter().collect(),
        asked => asked,
    };
    if procedures.iter().any(|procedure| procedure.needs_predictions()) {
        plans.iter_mut().try_for_each(|plan| plan.with_predictions(&progress))?;
    }
    let measures = Measures { procedures, bootstrap };
    let (mut report, tables, results) = full_report::of_plans(&plans, &selection.columns(), &measures, &progress)?;
    report.provenance = vec![Provenance::new(&results, Some(command_line::typed()))];
    remarks::unchanged()?;
    remarks::say(&results, common);
    Ok((report, tables))
}
