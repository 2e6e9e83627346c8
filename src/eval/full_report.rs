//! The full report of runs whose rows are there: values, tests over seeds and rows, plots.

use super::by_seeds::by_seeds_at;
use super::error::EvalError;
use super::evaluate::evaluate;
use super::kept::KeptScores;
use super::measured::Measured;
use super::measures::Measures;
use super::plan::Plan;
use super::sink::ScoreSink;
use super::{memory, report_plots};
use crate::metric::openood;
use crate::plot::{Format, PlotError};
use crate::progress::Progress;
use crate::report::full::{Drawn, Report, worth_drawing};
use crate::report::ranks::diagram;
use crate::stats::row_draws::RowDraws;
use crate::table::against_best::LEVEL;
use crate::table::by_seeds::Levels;
use crate::table::provenance::Provenance;
use crate::table::ranks::ranked;
use crate::table::{Overview, Remark, Results};

/// A report that could not be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each is that of what failed")]
pub enum ReportError {
    /// The runs cannot be evaluated.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// A plot cannot be drawn.
    #[error(transparent)]
    Plot(#[from] PlotError),
}

/// The metric that is tested over rows and drawn as ranks.
const AUROC: &str = "auroc";

/// No more memory is taken for the scores behind plots.
const MOST_KEPT: u64 = 2_000_000_000;

/// More curves in one plot can hardly be told apart.
const MOST_CURVES: usize = 5;

/// More runs make the page slow to open.
const MOST_RUNS: usize = 6;

/// Everything there is to say of some runs, but for [critical differences](draw_differences): the report, its tables, and what was found on the way.
///
/// # Errors
/// [`ReportError`] if a run cannot be evaluated or a plot not be drawn.
pub fn of_plans(
    plans: &[Plan<'_>],
    columns: &[&'static str],
    measures: &Measures,
    progress: &dyn Progress,
) -> Result<(Report, Vec<Overview>, Results), ReportError> {
    let mut kept = KeptScores::default();
    let is_kept = memory::of_kept(plans) < MOST_KEPT;
    let sink: Option<&mut dyn ScoreSink> = if is_kept { Some(&mut kept) } else { None };
    let interval = measures.bootstrap.as_ref().map_or(1.0 - LEVEL, |bootstrap| bootstrap.level);
    let mut results = evaluate(plans, columns, sink, measures, progress)?;
    // DeLong's covariance needs no draws.
    let draws = RowDraws { draws: 0, seed: 0 };
    let metric = openood::PROCEDURE.metric(AUROC);
    let what = metric.map(|metric| Measured { procedure: &openood::PROCEDURE, metric, draws });
    let mut of_tests = Results::default();
    let tests = match what {
        Some(what) => by_seeds_at(plans, &what, Levels { test: LEVEL, interval }, &mut of_tests, progress)?,
        None => Vec::new(),
    };
    // Most of it was said while values were made.
    add_new(&mut results.warnings, of_tests.warnings);
    add_new(&mut results.notes, of_tests.notes);
    let mut report = Report {
        provenance: vec![Provenance::new(&results, None)],
        warnings: results.warnings.clone(),
        notes: results.notes.clone(),
        tests,
        ..Report::of(results.records.clone())
    };
    let tables = report.tables();
    if is_kept {
        draw(&mut report, &tables, &kept, columns)?;
    } else {
        report.left_out.push(
            "Plots: the scores of all rows would take more than 2 GB; ask for fewer scores with --score.".to_owned(),
        );
    }
    Ok((report, tables, results))
}

fn add_new(said: &mut Vec<Remark>, further: Vec<Remark>) {
    for remark in further {
        if !said.contains(&remark) {
            said.push(remark);
        }
    }
}

/// The diagrams of critical differences by the AUROC, where there are sets enough.
///
/// # Errors
/// [`PlotError`] if one cannot be drawn.
pub fn draw_differences(report: &mut Report) -> Result<(), PlotError> {
    let Some(procedure) = report.procedures().first().copied() else { return Ok(()) };
    let Some(metric) = procedure.metric(AUROC) else { return Ok(()) };
    let found = ranked(&report.records, procedure, metric, LEVEL);
    for table in found.tables.iter().filter(|table| table.lines.len() > 1) {
        let svg = String::from_utf8_lossy(&diagram(table).render(Format::Svg)?).into_owned();
        let cautions: String = table.cautions.iter().map(|caution| format!(" Caution: {caution}.")).collect();
        let caption = format!(
            "Mean ranks of the scores of {} over {} sets; bars join scores that Nemenyi's test does not tell apart.{cautions}",
            table.training,
            table.sets.len()
        );
        report.critical_differences.push(Drawn { svg, caption, is_wide: true });
    }
    report.left_out.extend(found.untested.iter().map(|why| format!("Critical differences: {why}")));
    Ok(())
}

fn draw(report: &mut Report, tables: &[Overview], kept: &KeptScores, columns: &[&str]) -> Result<(), PlotError> {
    let mut worth = worth_drawing(tables, MOST_CURVES);
    for (run, _) in worth.drain(MOST_RUNS.min(worth.len())..) {
        report.left_out.push(format!(
            "Plots of {run}: the page has those of the first {MOST_RUNS} trainings. Name its dump alone to have them."
        ));
    }
    for (run, scores) in worth {
        let Some(kept) = kept.runs.iter().find(|own| own.run == run) else { continue };
        let scores: Vec<&str> = scores.iter().map(String::as_str).collect();
        let (plots, left_out) = report_plots::of_run(kept, columns, &scores)?;
        report.plots.push(plots);
        report.left_out.extend(left_out);
    }
    let several = |table: &Overview| table.trainings.iter().any(|training| training.runs.len() > 1);
    if tables.iter().any(several) {
        report.left_out.push("Plots of further seeds: of each training the first run is drawn.".to_owned());
    }
    Ok(())
}
