//! Scores of arrays at once, fitted first where they learn something.

use numpy::IntoPyArray;
use oodbench::dump::RunInfo;
use oodbench::eval::{Model, Selection};
use oodbench::rows::{Matrix, Role, RunRows, Split};
use oodbench::score::need::Splits;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use crate::error::{MissingInputError, UnknownScoreError, keyword, of_head, of_in_memory, of_plan};
use crate::head::{HeadArrays, head};
use crate::rows::{new_rows, of_dict};
use crate::{detector, pool};

/// The value of a parameter as it would be typed.
pub(crate) fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_none() {
        return Ok(String::new());
    }
    match value.cast::<PyBool>() {
        Ok(flag) => Ok(flag.is_true().to_string()),
        Err(_) => Ok(value.str()?.to_string()),
    }
}

/// The scores of these names with these parameters, `{"knn.k": 10}`.
pub(crate) fn selection(names: &[String], parameters: Option<&Bound<'_, PyDict>>) -> PyResult<Selection> {
    let mut settings = Vec::new();
    for (name, value) in parameters.into_iter().flat_map(|parameters| parameters.iter()) {
        settings.push(format!("{}={}", name.extract::<String>()?, text(&value)?));
    }
    Selection::parse(names, &settings).map_err(|error| of_plan(&error))
}

/// The rows that scores are fitted on, train, val and val_ood, each a dictionary of arrays, with head and texts.
pub(crate) fn fitted_on(
    train: Option<Split>,
    val: Option<&Bound<'_, PyDict>>,
    val_ood: Option<&Bound<'_, PyDict>>,
    head: HeadArrays,
) -> PyResult<RunRows> {
    let mut splits: Vec<Split> = train.into_iter().collect();
    splits.extend(val.map(|arrays| of_dict(arrays, Role::Val, "val")).transpose()?);
    for (name, arrays) in val_ood.into_iter().flat_map(|sets| sets.iter()) {
        let name: String = name.extract()?;
        let of = format!("val_ood[{name:?}]");
        splits.push(of_dict(&arrays.cast_into::<PyDict>()?, Role::ValOod { name }, &of)?);
    }
    head.rows("the rows to fit on", splits)
}

/// Where arguments are missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Fit,
    Score,
}

/// Fits scores; what they lack is told by the argument to pass.
pub(crate) fn fit(py: Python<'_>, info: RunInfo, rows: RunRows, selection: &Selection, call: Call) -> PyResult<Model> {
    for chosen in selection.scores() {
        for need in chosen.score.needs() {
            let splits = need.reads(&rows).map(|(splits, _)| splits);
            if splits == Some(Splits::Scored) {
                continue;
            }
            if let Some(file) = need.lacking(&rows) {
                return Err(lacking(chosen.entry.id, &need.to_string(), &file, splits.as_ref(), call));
            }
        }
    }
    pool::run(py, || Model::fit(info, rows, selection))?.map_err(|error| of_in_memory(&error))
}

fn lacking(score: &str, need: &str, array: &str, splits: Option<&Splits>, call: Call) -> PyErr {
    let name = array.split(" of ").next().unwrap_or(array);
    let argument = match (splits, call) {
        (None, _) => of_head(need).to_owned(),
        (Some(Splits::Val), _) => format!("val={{{name:?}: ...}}"),
        (Some(Splits::ValOod(_)), _) => format!("val_ood={{\"NAME\": {{{name:?}: ...}}}}"),
        (Some(_), Call::Score) => format!("train={{{name:?}: ...}}"),
        (Some(_), Call::Fit) => keyword(name).replace(" in fit", ""),
    };
    let to = if call == Call::Fit { " to fit" } else { "" };
    MissingInputError::new_err(format!("score {score} reads {need}, found none; pass {argument}{to}"))
}

/// Whether rows are worth asking other threads for.
pub(crate) fn is_much(split: &Split) -> bool {
    split.block_ranges().len() > 1 || split.arrays().iter().filter_map(|kind| split.matrix(kind)).any(is_long)
}

/// Whether its values are checked in more than one block.
fn is_long(matrix: &Matrix) -> bool {
    matrix.rows() > (1 << 18) / matrix.columns().max(1)
}

/// Scores of rows, higher = more in-distribution, as {score: float64 array}.
///
/// scores is a name or a list of names; `oodbench.scores` has all of them. Scores that learn from in-distribution rows take these as
/// train={"features": ..., "labels": ...} and val={...}; keep a `Detector` where they are used more than once. head is as in `Detector.fit`, layers are features
/// of named layers, {"block1": ...}, and {"patches": ...} of shape (rows, patches, columns). parameters are {"knn.k": 10}.
#[pyfunction]
#[pyo3(signature = (*, scores, logits=None, features=None, layers=None, head=None, train=None, val=None, val_ood=None, parameters=None))]
#[expect(clippy::too_many_arguments, reason = "keywords")]
pub(crate) fn score<'py>(
    py: Python<'py>,
    scores: Bound<'py, PyAny>,
    logits: Option<Bound<'py, PyAny>>,
    features: Option<Bound<'py, PyAny>>,
    layers: Option<Bound<'py, PyDict>>,
    head: Option<Bound<'py, PyAny>>,
    train: Option<Bound<'py, PyDict>>,
    val: Option<Bound<'py, PyDict>>,
    val_ood: Option<Bound<'py, PyDict>>,
    parameters: Option<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    let selection = selection(&names(&scores)?, parameters.as_ref())?;
    let split = new_rows(logits, features, layers)?;
    let train = train.map(|arrays| of_dict(&arrays, Role::Train, "train")).transpose()?;
    let rows = fitted_on(train, val.as_ref(), val_ood.as_ref(), self::head(head.as_ref())?)?;
    let model = fit(py, info(None), rows, &selection, Call::Score)?;
    let values = detector::values(py, &model, &split)?;
    let out = PyDict::new(py);
    for (score, values) in model.scores().iter().zip(values) {
        out.set_item(score.entry.id, values.into_pyarray(py))?;
    }
    Ok(out)
}

/// One name, or several.
pub(crate) fn names(scores: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let names: Vec<String> = match scores.extract::<String>() {
        Ok(one) => vec![one],
        Err(_) => scores.extract()?,
    };
    if names.is_empty() {
        return Err(UnknownScoreError::new_err("scores: found no name, expected at least one, such as \"energy\""));
    }
    Ok(names)
}

/// What a run in memory is called.
pub(crate) fn info(name: Option<String>) -> RunInfo {
    RunInfo { name: name.unwrap_or_else(|| "arrays".to_owned()), ..RunInfo::default() }
}
