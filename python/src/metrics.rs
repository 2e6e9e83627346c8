//! Values of procedures: of two arrays of scores, or of scores that come in portions.

use std::sync::Arc;

use oodbench::metric::registry::find;
use oodbench::metric::{ComputeError, Metrics as State, PROCEDURES, Procedure, SampleError};
use oodbench::suggestion::nearest;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::array::{flags, numbers};
use crate::error::{ArrayError, MissingInputError, OodbenchError};
use crate::parts::{Cuts, Ranking, Rebuilt, of_bytes, of_scores, rebuilt};
use crate::pool::{self, Shared};

pub(crate) fn procedure(name: &str) -> PyResult<&'static Procedure> {
    find(name).ok_or_else(|| {
        let known = PROCEDURES.iter().map(|procedure| procedure.id);
        let instead = match nearest(name, known.clone()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("expected one of {}", known.collect::<Vec<_>>().join(", ")),
        };
        OodbenchError::new_err(format!("unknown procedure {name:?}; {instead}"))
    })
}

/// The values of a procedure.
fn values(py: Python<'_>, state: &State, procedure: &'static Procedure) -> PyResult<Vec<(&'static str, f64)>> {
    let found = pool::run(py, || state.compute(procedure))?.map_err(|error| match error {
        ComputeError::NeedsPredictions { .. } => MissingInputError::new_err(format!("{error}; pass correct=...")),
        ComputeError::Sample { .. } => ArrayError::new_err(error.to_string()),
    })?;
    Ok(found.iter().collect())
}

pub(crate) fn dict<'py>(py: Python<'py>, values: Vec<(&'static str, f64)>) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    values.into_iter().try_for_each(|(metric, value)| out.set_item(metric, value))?;
    Ok(out)
}

fn check(name: &str, found: usize, expected: usize) -> PyResult<()> {
    if found == expected {
        return Ok(());
    }
    Err(ArrayError::new_err(format!("{name}: found {found} rows, expected {expected}, one per score")))
}

/// The values of a procedure as fractions, {"auroc": 0.93, ...}, of the scores of ID and of OOD rows, higher = more in-distribution.
///
/// correct says of every ID row whether it is classified rightly, for procedures that need to know. `oodbench.procedures()` lists all; the names of metrics
/// say which class is the positive one. Scores of pytorch-ood and PyOD have the opposite sign: pass -scores.
#[pyfunction]
#[pyo3(signature = (id, ood, procedure="lee", *, correct=None))]
pub(crate) fn metrics<'py>(
    py: Python<'py>,
    id: Bound<'py, PyAny>,
    ood: Bound<'py, PyAny>,
    procedure: &str,
    correct: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let procedure = self::procedure(procedure)?;
    let correct =
        correct.map(|object| flags("correct", &object, "predictions == labels")).transpose()?.unwrap_or_default();
    let (id, ood) = (numbers("id", &id)?, numbers("ood", &ood)?);
    let mut all = State::new();
    let of_side = |side: &'static str| move |error: SampleError| ArrayError::new_err(format!("{side} scores: {error}"));
    if correct.is_empty() {
        all.update(&id, &[]).map_err(of_side("ID"))?;
    } else {
        check("correct", correct.len(), id.len())?;
        all.update_with_predictions(&id, &correct).map_err(of_side("ID"))?;
    }
    all.update(&[], &ood).map_err(of_side("OOD"))?;
    dict(py, values(py, &all, procedure)?)
}

/// Scores that come in portions, from batches or from several workers: `update`, `merge`, `compute`.
///
/// The values are those of all rows at once, to the last bit, in whatever order and number of portions they came. It takes 8 bytes per score, and pickles as
/// `to_bytes` writes it. Higher = more in-distribution, unlike torchmetrics' and pytorch-ood's OOD metrics.
///
/// More scores than one machine holds are cut into parts: `split` at the cuts of an `oodbench.KeyCounts` of all scores, `merge` what belongs to a part
/// wherever there is room, `ranking` of each part, `oodbench.Ranking.joined` of all.
#[pyclass(frozen, module = "oodbench")]
pub(crate) struct Metrics(Shared<Arc<State>>);

impl Metrics {
    /// What there is now. It is read while nothing is locked, and not changed by what is added meanwhile.
    fn state(&self) -> Arc<State> {
        Arc::clone(&self.0.lock())
    }

    fn of(state: State) -> Self {
        Self(Shared::new(Arc::new(state)))
    }
}

#[pymethods]
impl Metrics {
    #[new]
    fn new() -> Self {
        Self(Shared::default())
    }

    /// Adds scores; is_ood says of each whether its row is OOD, and may be one bool for all. correct says of each row whether it is classified rightly.
    #[pyo3(signature = (scores, is_ood, *, correct=None))]
    fn update(
        &self,
        scores: Bound<'_, PyAny>,
        is_ood: Bound<'_, PyAny>,
        correct: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let scores = numbers("scores", &scores)?;
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            return Err(of_scores(SampleError::NotFinite { row }));
        }
        let is_ood = match is_ood.extract::<bool>() {
            Ok(all) => vec![all; scores.len()],
            Err(_) => flags("is_ood", &is_ood, "labels < 0 where OOD rows have such labels")?,
        };
        check("is_ood", is_ood.len(), scores.len())?;
        let correct = correct.map(|object| flags("correct", &object, "predictions == labels")).transpose()?;
        if let Some(correct) = &correct {
            check("correct", correct.len(), scores.len())?;
        }
        let of = |ood: bool| is_ood.iter().enumerate().filter(move |(_, is_ood)| **is_ood == ood).map(|(row, _)| row);
        let id: Vec<f64> = of(false).map(|row| scores[row]).collect();
        let ood: Vec<f64> = of(true).map(|row| scores[row]).collect();
        let mut own = self.0.lock();
        let own = Arc::make_mut(&mut own);
        match correct {
            Some(correct) => {
                let right: Vec<bool> = of(false).map(|row| correct[row]).collect();
                own.update_with_predictions(&id, &right).map_err(of_scores)?;
            }
            None => own.update(&id, &[]).map_err(of_scores)?,
        }
        own.update(&[], &ood).map_err(of_scores)
    }

    /// Adds all that another one has.
    fn merge(&self, other: &Bound<'_, Self>) {
        // Taken first, so that it may be the same one.
        let other = State::clone(&other.get().state());
        Arc::make_mut(&mut self.0.lock()).merge(other);
    }

    /// The values of a procedure as fractions, {"auroc": 0.93, ...}.
    #[pyo3(signature = (procedure="lee"))]
    fn compute<'py>(&self, py: Python<'py>, procedure: &str) -> PyResult<Bound<'py, PyDict>> {
        dict(py, values(py, &self.state(), self::procedure(procedure)?)?)
    }

    /// The scores of each part that cuts make, from the lowest upwards.
    fn split(&self, py: Python<'_>, cuts: &Bound<'_, Cuts>) -> Vec<Self> {
        let (state, cuts) = (self.state(), cuts.get());
        py.detach(|| State::clone(&state).split(&cuts.0)).into_iter().map(Self::of).collect()
    }

    /// The order of all scores, or with other given that of these ID scores and its OOD scores.
    #[pyo3(signature = (other=None))]
    fn ranking(&self, py: Python<'_>, other: Option<&Bound<'_, Self>>) -> PyResult<Ranking> {
        let state = self.state();
        let other = other.map(|other| other.get().state());
        Ok(Ranking(pool::run(py, || state.ranking_with(other.as_deref().unwrap_or(&state)))?))
    }

    /// Sorts what there is, so that `ranking` need not do it again for every OOD set.
    fn sort(&self, py: Python<'_>) -> PyResult<()> {
        let before = self.state();
        let sorted = pool::run(py, || {
            let mut state = State::clone(&before);
            state.sort();
            state
        })?;
        let mut own = self.0.lock();
        // What another thread has changed meanwhile stays as it is, unsorted.
        if Arc::ptr_eq(&own, &before) {
            *own = Arc::new(sorted);
        }
        Ok(())
    }

    /// Forgets all scores.
    fn reset(&self) {
        *self.0.lock() = Arc::default();
    }

    fn __len__(&self) -> usize {
        let own = self.0.lock();
        own.id().len() + own.ood().len()
    }

    /// The scores as bytes, 8 per score and 56 more.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.state().to_bytes())
    }

    /// Reads what `to_bytes` made.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self::of(State::from_bytes(data).map_err(of_bytes)?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Rebuilt<'py>> {
        rebuilt::<Self>(self.to_bytes(py))
    }
}
