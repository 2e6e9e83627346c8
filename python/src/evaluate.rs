//! Values, comparisons and reports of runs.

use std::path::PathBuf;

use oodbench::dump::Dump;
use oodbench::eval::full_report::{self, ReportError};
use oodbench::eval::significance::against_best;
use oodbench::eval::{Measures, Plan, Selection, evaluate as evaluate_plans};
use oodbench::metric::Procedure;
use oodbench::metric::registry::usual;
use oodbench::output::OutputSet;
use oodbench::progress::Silent;
use oodbench::report::text::Style;
use oodbench::report::{json, significance};
use oodbench::rows::Role;
use oodbench::stats::bootstrap::{Bootstrap, BootstrapError};
use oodbench::table::Results;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{MissingInputError, OodbenchError, of_eval, of_io, of_plan, refused};
use crate::metrics::procedure;
use crate::pool;
use crate::records::Records;
use crate::run::Run;
use crate::score::{names, selection};

/// Scores of some runs; all scores where none are named.
struct Request<'py> {
    runs: Bound<'py, PyAny>,
    scores: Option<Bound<'py, PyAny>>,
    parameters: Option<Bound<'py, PyDict>>,
}

impl Request<'_> {
    /// What the work needs of Python's objects, which are not touched while it runs.
    fn read(&self) -> PyResult<(Selection, Vec<Dump>)> {
        let (mut selection, dumps) = (self.selection()?, self.dumps()?);
        selection.add_own_named(dumps.iter().flat_map(|dump| dump.own_scores()));
        Ok((selection, dumps))
    }

    fn selection(&self) -> PyResult<Selection> {
        let names = self.scores.as_ref().map(names).transpose()?;
        selection(&names.unwrap_or_else(|| vec!["all".to_owned()]), self.parameters.as_ref())
    }

    fn dumps(&self) -> PyResult<Vec<Dump>> {
        pool::for_records()?;
        let runs: Vec<Bound<'_, Run>> = match self.runs.cast::<Run>() {
            Ok(one) => vec![one.clone()],
            Err(_) => {
                let all = self.runs.try_iter()?.map(|run| Ok(run?.cast_into::<Run>()?));
                all.collect::<PyResult<_>>()?
            }
        };
        let mut dumps: Vec<Dump> = Vec::with_capacity(runs.len());
        if runs.is_empty() {
            return Err(MissingInputError::new_err("runs: found none, expected an oodbench.Run or several"));
        }
        for run in runs {
            let dump = run.get().dump(self.runs.py())?;
            let lacks = |what: &str, split: &str| {
                let name = &dump.info.name;
                MissingInputError::new_err(format!("{name}: found no {what}; call add(\"{split}\", ...) before"))
            };
            if dump.split(&Role::Test).is_none() {
                return Err(lacks("rows of test, the in-distribution rows to be scored", "test"));
            }
            if dump.ood().next().is_none() {
                return Err(lacks("OOD set", "ood/NAME"));
            }
            if dumps.iter().any(|other| other.info.name == dump.info.name) {
                return Err(OodbenchError::new_err(format!(
                    "found run {:?} a second time, expected distinct names",
                    dump.info.name
                )));
            }
            dumps.push(dump);
        }
        Ok(dumps)
    }
}

fn planned<'s>(
    dumps: Vec<Dump>,
    selection: &'s Selection,
    procedures: &[&'static Procedure],
) -> PyResult<Vec<Plan<'s>>> {
    let predicts = procedures.iter().any(|procedure| procedure.needs_predictions());
    let plan = |dump| {
        let mut plan = Plan::of_dump(dump, selection)?;
        if predicts {
            plan.with_predictions(&Silent)?;
        }
        Ok(plan)
    };
    dumps.into_iter().map(plan).collect::<Result<_, _>>().map_err(|error| of_plan(&error))
}

pub(crate) fn measures(
    procedures: Option<Vec<String>>,
    bootstrap: Option<usize>,
    level: f64,
    seed: u64,
) -> PyResult<Measures> {
    let procedures = match procedures {
        Some(names) => names.iter().map(|name| procedure(name)).collect::<PyResult<_>>()?,
        None => usual().iter().collect(),
    };
    let bootstrap = bootstrap.map(|resamples| Bootstrap { resamples, level, seed });
    bootstrap.iter().try_for_each(|bootstrap| {
        bootstrap.check().map_err(|error| match error {
            BootstrapError::Level { .. } | BootstrapError::TooHigh { .. } => refused(format!("level: {error}")),
            _ => refused(format!("bootstrap: {error}")),
        })
    })?;
    Ok(Measures { procedures, bootstrap })
}

/// Fits and scores runs and measures every score on every OOD set, as `oodbench score` does: the same values, to the last bit.
///
/// runs is a `Run` or several; scores are names, all that the runs allow unless given; parameters are {"knn.k": 10}; procedures are names, the three usual
/// ones unless given. bootstrap is a number of draws that gives every value an interval.
#[pyfunction]
#[pyo3(signature = (runs, *, scores=None, parameters=None, procedures=None, bootstrap=None, level=0.95, seed=0))]
#[expect(clippy::too_many_arguments, reason = "keywords")]
pub(crate) fn evaluate(
    py: Python<'_>,
    runs: Bound<'_, PyAny>,
    scores: Option<Bound<'_, PyAny>>,
    parameters: Option<Bound<'_, PyDict>>,
    procedures: Option<Vec<String>>,
    bootstrap: Option<usize>,
    level: f64,
    seed: u64,
) -> PyResult<Records> {
    let measures = measures(procedures, bootstrap, level, seed)?;
    let (selection, dumps) = Request { runs, scores, parameters }.read()?;
    let work = || -> PyResult<Results> {
        let plans = planned(dumps, &selection, &measures.procedures)?;
        evaluate_plans(&plans, &selection.columns(), None, &measures, &Silent).map_err(|error| of_eval(&error))
    };
    Ok(Records::of(&pool::run(py, work)??))
}

/// Which scores may be the best of a run on an OOD set, were other rows drawn: `oodbench compare`, as (rows, text), rows being JSON.
#[pyfunction]
#[pyo3(signature = (runs, *, scores=None, parameters=None))]
pub(crate) fn compare(
    py: Python<'_>,
    runs: Bound<'_, PyAny>,
    scores: Option<Bound<'_, PyAny>>,
    parameters: Option<Bound<'_, PyDict>>,
) -> PyResult<(String, String)> {
    let (selection, dumps) = Request { runs, scores, parameters }.read()?;
    let work = || -> PyResult<(String, String)> {
        let plans = planned(dumps, &selection, &[])?;
        let lines = against_best(&plans, &mut Results::default(), &Silent).map_err(|error| of_eval(&error))?;
        Ok((json::rows(&lines).map_err(refused)?, significance::text(&lines, Style::default())))
    };
    pool::run(py, work)?
}

const PAGE: &str = "index.html";
const LATEX: &str = "tables.tex";
const MARKDOWN: &str = "tables.md";

/// Writes a report of runs to a folder, as `oodbench report` does: index.html with everything in it, tables.tex and tables.md. Gives the verdict in words.
#[pyfunction]
#[pyo3(signature = (runs, out, *, scores=None, parameters=None, procedures=None, bootstrap=None, level=0.95, seed=0))]
#[expect(clippy::too_many_arguments, reason = "keywords")]
pub(crate) fn report(
    py: Python<'_>,
    runs: Bound<'_, PyAny>,
    out: PathBuf,
    scores: Option<Bound<'_, PyAny>>,
    parameters: Option<Bound<'_, PyDict>>,
    procedures: Option<Vec<String>>,
    bootstrap: Option<usize>,
    level: f64,
    seed: u64,
) -> PyResult<String> {
    let measures = measures(procedures, bootstrap, level, seed)?;
    let (selection, dumps) = Request { runs, scores, parameters }.read()?;
    let failed = |error: std::io::Error| of_io(&error, format!("{}: cannot be written ({error})", out.display()));
    let work = || -> PyResult<String> {
        // Before the work: what cannot be written has to be known now.
        let set = OutputSet::begin(&out, &[PAGE, LATEX, MARKDOWN]).map_err(failed)?;
        let plans = planned(dumps, &selection, &measures.procedures)?;
        let made = full_report::of_plans(&plans, &selection.columns(), &measures, &Silent);
        let (mut report, tables, _) = made.map_err(|error| match &error {
            ReportError::Eval(error) => of_eval(error),
            ReportError::Plot(error) => refused(error),
        })?;
        full_report::draw_differences(&mut report).map_err(refused)?;
        let rendered = report.rendered(&tables);
        set.write(PAGE, rendered.html.as_bytes()).map_err(failed)?;
        set.write(LATEX, rendered.latex.as_bytes()).map_err(failed)?;
        set.write(MARKDOWN, rendered.markdown.as_bytes()).map_err(failed)?;
        set.commit().map_err(failed)?;
        Ok(rendered.lead)
    };
    pool::run(py, work)?
}
