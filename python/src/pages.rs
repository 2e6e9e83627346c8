//! What `help` shows: the pages of scores and procedures, as the command line explains them.

use oodbench::metric::{Better, PROCEDURES};
use oodbench::score::REGISTRY;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// All scores: a list of {"id", "title", "aliases", "reference", "needs", "parameters", "page"}, parameters being (name, default, help).
#[pyfunction]
pub(crate) fn scores(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let of = |entry: &oodbench::score::ScoreEntry| {
        let out = PyDict::new(py);
        let needs: Vec<String> = entry.with_defaults().needs().iter().map(ToString::to_string).collect();
        let parameters: Vec<_> = entry.parameters.iter().map(|one| (one.name, one.default, one.help)).collect();
        out.set_item("id", entry.id)?;
        out.set_item("title", entry.title)?;
        out.set_item("aliases", entry.aliases)?;
        out.set_item("reference", entry.reference)?;
        out.set_item("needs", needs)?;
        out.set_item("parameters", parameters)?;
        out.set_item("page", entry.page)?;
        Ok(out)
    };
    REGISTRY.iter().map(of).collect()
}

/// All procedures: a list of {"id", "title", "reference", "metrics", "needs_predictions", "page"}, metrics being (id, title, "higher" or "lower" for what is better);
/// "needs_predictions" says whether it has to be known which ID rows are classified rightly.
#[pyfunction]
pub(crate) fn procedures(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let of = |procedure: &oodbench::metric::Procedure| {
        let out = PyDict::new(py);
        let better = |better| if better == Better::Higher { "higher" } else { "lower" };
        let metrics: Vec<_> = procedure.metrics.iter().map(|one| (one.id, one.title, better(one.better))).collect();
        out.set_item("id", procedure.id)?;
        out.set_item("title", procedure.title)?;
        out.set_item("reference", procedure.reference)?;
        out.set_item("metrics", metrics)?;
        out.set_item("needs_predictions", procedure.needs_predictions())?;
        out.set_item("page", procedure.page)?;
        Ok(out)
    };
    PROCEDURES.iter().map(of).collect()
}
