//! `oodbench score`: scores and values of every run of a folder.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueHint};

use crate::option::choice::{FitOrParameters, ScoreNames};
use crate::option::command_line;
use crate::option::common::Common;
use crate::option::ddof::Spread;
use crate::option::format::Printed;
use crate::option::intervals::Intervals;
use crate::option::procedure::{self, ProcedureName};
use crate::option::runs::Runs;
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal, tuning, values};
use oodbench::eval::{EvalError, Measures, Plan, ScoreSink, ScoresFile, SinkError, evaluate, memory};
use oodbench::metric::Procedure;
use oodbench::metric::registry::usual;
use oodbench::output::OutputSet;
use oodbench::report::{self, Format};
use oodbench::table::provenance::Provenance;
use oodbench::table::{Results, with_means};

const EXAMPLES: &str = "Examples:
  oodbench score dumps/ --score mds
  oodbench score dumps/ --score mds,es,mps --procedure lee,openood
  oodbench score dumps/ --score energy --set energy.temperature=2
  oodbench score dumps/ --score all --config scores.toml    with [energy] and below it temperature = 2
  oodbench score dumps/my-run --score knn,react --tune    parameters searched on id/val
  oodbench score dumps/my-run --fit my-run.fit    as fitted before; `oodbench fit` writes the file
  oodbench score dumps/ --score all --format json > records.json
  oodbench score dumps/ --score all --out out     writes scores.parquet, records.{csv,json,parquet}, provenance.json
  oodbench score dumps/ --score mds,es --bootstrap 1000    82.80 [82.1, 83.5]: an interval from 1,000 draws of the rows";

fn after_help() -> String {
    format!("{EXAMPLES}\n\nThe ids of procedures and metrics in json and csv are stable:\n{}", procedure::metric_ids())
}

/// Score dumps and print how well each score tells ID from OOD
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct Command {
    #[command(flatten)]
    runs: Runs,
    #[command(flatten)]
    names: ScoreNames,
    #[command(flatten)]
    fitted: FitOrParameters,
    /// Search parameters on id/val, without a look at any OOD row, and say what was tried; `explain` shows what is tried
    #[arg(long, conflicts_with = "fit")]
    tune: bool,
    /// Procedures to show, comma-separated or all [default: the first in tables, the first three in json, csv and files]
    #[arg(long, value_name = "PROCEDURES", value_delimiter = ',', value_parser = procedure::parser())]
    procedure: Vec<ProcedureName>,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    intervals: Intervals,
    #[command(flatten)]
    spread: Spread,
    /// Folder for scores.parquet, records.{csv,json,parquet} and provenance.json; search.json too with --tune
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let bootstrap = command.intervals.bootstrap()?;
    let ddof = command.spread.of_tables(command.printed.format)?;
    let mut selection = command.fitted.selection(&command.names.scores)?;
    let runs = command.runs.find(common.quiet)?;
    selection.add_own(&runs);
    let tuned = command.tune.then(|| tuning::search(&runs, &selection, common)).transpose()?;
    let progress = Bars::new(common.quiet);
    let mut plans = match &tuned {
        Some(tuned) => Plan::each(runs.iter().zip(&tuned.selections), &progress)?,
        None => Plan::each(runs.iter().map(|files| (files, &selection)), &progress)?,
    };
    if command.out.is_some() {
        plans.iter_mut().try_for_each(|plan| plan.with_val(&progress))?;
    }
    let procedures = measured(command);
    if procedures.iter().any(|procedure| procedure.needs_predictions()) {
        plans.iter_mut().try_for_each(|plan| plan.with_predictions(&progress))?;
    }
    check_memory(&plans, common)?;
    let measures = Measures { procedures, bootstrap };

    let columns = selection.columns();
    let results = match &command.out {
        None => {
            let results = evaluate(&plans, &columns, None, &measures, &progress)?;
            remarks::unchanged()?;
            results
        }
        Some(out) => {
            let writing = || format!("{}: cannot be written", out.display());
            let set = OutputSet::begin(out, &FILES).with_context(writing)?;
            let mut file = ScoresFile::new(set.create(SCORES).with_context(writing)?, &columns)?;
            let sink: &mut dyn ScoreSink = &mut file;
            let evaluated = evaluate(&plans, &columns, Some(sink), &measures, &progress);
            let results = evaluated.map_err(|error| match error {
                EvalError::Sink(SinkError(reason)) => anyhow::Error::from_boxed(reason).context(writing()),
                error => error.into(),
            })?;
            file.finish()?.commit().with_context(writing)?;
            // All rows are read: the results stand whatever happens to the files from here on.
            remarks::unchanged()?;
            write_records(&set, &results).with_context(writing)?;
            if let Some(tuned) = &tuned {
                set.write(SEARCH, &serde_json::to_vec_pretty(&tuned.searches)?).with_context(writing)?;
            }
            let written = set.commit().with_context(writing)?;
            if !common.quiet {
                terminal::say(&format!("wrote to {}: {}", out.display(), written.join(", ")));
            }
            results
        }
    };
    remarks::say(&results, common);
    if let Some(tuned) = &tuned {
        let tried = tuning::table(&tuned.searches);
        match command.printed.format {
            Format::Table => terminal::print(&tried)?,
            Format::Markdown => terminal::print(&format!("```\n{}\n```\n\n", tried.trim_end()))?,
            // What is printed there is for programs.
            Format::Json | Format::Csv if common.quiet => (),
            Format::Json | Format::Csv => terminal::say_lines(&tried),
        }
    }
    values::print((command.printed.format, ddof), &results, &shown(command), &values::accuracies(&results))
}

/// More than this is announced.
const MUCH_MEMORY: u64 = 1_000_000_000;

/// Says what the scores of the largest run take, and stops if that is more than there is.
fn check_memory(plans: &[Plan<'_>], common: &Common) -> anyhow::Result<()> {
    let Some(plan) = plans.iter().max_by_key(|plan| memory::of_plan(plan)) else { return Ok(()) };
    let needed = memory::of_plan(plan);
    if common.verbose || needed > MUCH_MEMORY && !common.quiet {
        let scores =
            if plan.scores.len() == 1 { "its score".to_owned() } else { format!("its {} scores", plan.scores.len()) };
        terminal::say(&format!(
            "note: {}: {scores} and their values take {} of memory",
            plan.dump.info.name,
            bytes_text(needed)
        ));
    }
    match memory::available() {
        Some(available) if needed > available => anyhow::bail!(
            "{}: {} scores need {} of memory, found {} available; ask for fewer scores at a time with --score",
            plan.dump.folder.display(),
            plan.scores.len(),
            bytes_text(needed),
            bytes_text(available)
        ),
        _ => Ok(()),
    }
}

/// A number of bytes to three digits, in a unit that leaves digits before the point.
fn bytes_text(bytes: u64) -> String {
    let (unit, size) = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
        .into_iter()
        .find(|(_, size)| bytes as f64 >= *size)
        .unwrap_or(("bytes", 1.0));
    match bytes as f64 / size {
        value if size > 1.0 && value < 100.0 => format!("{value:.2} {unit}"),
        value => format!("{value:.0} {unit}"),
    }
}

/// What `--out` writes.
const FILES: [&str; 6] = [SCORES, "records.csv", "records.json", "records.parquet", PROVENANCE, SEARCH];
const SCORES: &str = "scores.parquet";
const PROVENANCE: &str = "provenance.json";
const SEARCH: &str = "search.json";

fn write_records(set: &OutputSet, results: &Results) -> anyhow::Result<()> {
    let records = with_means(&results.records);
    set.write("records.csv", &oodbench::table::csv::write(&records)?)?;
    set.write("records.json", report::json::rows(&records)?.as_bytes())?;
    let parquet = set.create("records.parquet")?;
    report::parquet::records(parquet, &records)?.commit()?;
    let provenance = Provenance::new(results, Some(command_line::typed()));
    set.write(PROVENANCE, &serde_json::to_vec_pretty(&provenance)?)?;
    Ok(())
}

/// The procedures to print, each once.
fn shown(command: &Command) -> Vec<&'static Procedure> {
    match &command.procedure[..] {
        [] if command.printed.format.is_data() => usual().iter().collect(),
        [] => usual()[..1].iter().collect(),
        names => procedure::named(names),
    }
}

/// The procedures to measure by: files hold the usual ones, and what is printed.
fn measured(command: &Command) -> Vec<&'static Procedure> {
    let shown = shown(command);
    if command.out.is_none() {
        return shown;
    }
    let is_usual = |procedure: &Procedure| usual().iter().any(|one| one.id == procedure.id);
    let others = shown.into_iter().filter(|procedure| !is_usual(procedure));
    usual().iter().chain(others).collect()
}
